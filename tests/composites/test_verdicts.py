"""Reviewers that lie, stumble, refuse or are quoted: only the form that was asked for decides, in any language."""

from __future__ import annotations

import json

import pytest
from modelmuxd.engine.composites import verdicts
from modelmuxd.engine.composites.outcome import artifacts

YES = '{"verdict": "approved", "summary": "good", "findings": []}'
NO = '{"verdict": "changes_requested", "findings": [{"severity": "major", "where": "a.py:3", "text": "races"}]}'


def fence(text: str, kind: str = "json") -> str:
    return f"```{kind}\n{text}\n```"


APPROVED = {
    "bare": YES,
    "bare, on lines": json.dumps(json.loads(YES), indent=2),
    "fenced": fence(YES),
    "fenced without a word": fence(YES, ""),
    "fenced as JSON": fence(YES, "JSON"),
    "prose before": f"I have looked at everything.\n\n{fence(YES)}\n",
    "code before": fence("if x:\n    pass", "python") + f"\nThat is right.\n{fence(YES)}",
    "bad words before": f"At first I thought: NOT APPROVED. It is fine.\n{fence(YES)}",
    "said twice": f"{fence(YES)}\nAs I said:\n{fence(YES)}",
    "minor findings": fence('{"verdict": "approved", "findings": [{"severity": "minor", "text": "a typo"}]}'),
    "no findings at all": fence('{"verdict": "approved"}'),
    "null findings": fence('{"verdict": "approved", "findings": null}'),
    "windows line ends": fence(YES).replace("\n", "\r\n"),
}
CHANGES = {
    "bare": NO,
    "fenced": fence(NO),
    "praise before": f"LGTM! Approved! 👍\n{fence(NO)}",
    "approved with a blocker": fence('{"verdict": "approved", "findings": [{"severity": "blocker", "text": "SQL"}]}'),
    "approved with a plain finding": fence('{"verdict": "approved", "findings": ["fix the injection"]}'),
    "approved with a strange severity": fence('{"verdict": "approved", "findings": [{"severity": "🔥", "text": "x"}]}'),
    "without a reason": fence('{"verdict": "changes_requested"}'),
}
UNREADABLE = {
    "empty": "",
    "blank": " \n\t ",
    "english": "APPROVED",
    "english, not": "This is NOT APPROVED, must fix.",
    "english, but": "LGTM except the SQL injection, which is critical.",
    "english, partly": "No issues found in module A, but a blocking bug in B.",
    "converged": "CONVERGED",
    "german": "Genehmigt, sobald der Fehler in Zeile 3 behoben ist.",
    "french": "Approuvé, sauf la faille de sécurité.",
    "spanish": "Aprobado, pero no lo fusiones todavía.",
    "chinese": "批准,但必须先修复注入漏洞。",
    "japanese": "承認しません。修正が必要です。",
    "russian": "Одобрено, но есть критическая ошибка.",
    "a refusal": "I can't help with reviewing this code.",
    "cut off": '```json\n{"verdict": "approved", "find',
    "never closed": '```json\n{"verdict": "approved"}',
    "trailing comma": fence('{"verdict": "approved",}'),
    "single quotes": fence("{'verdict': 'approved'}"),
    "a comment": fence('{"verdict": "approved"} // really'),
    "shouted": fence('{"verdict": "APPROVED"}'),
    "padded": fence('{"verdict": "approved "}'),
    "the form itself": fence('{"verdict": "approved | changes_requested"}'),
    "conditional": fence('{"verdict": "approved if fixed"}'),
    "a list": fence('{"verdict": ["approved"]}'),
    "true": fence('{"verdict": true}'),
    "another key": fence('{"approved": true}'),
    "nested": fence('{"review": {"verdict": "approved"}}'),
    "an array": fence('[{"verdict": "approved"}]'),
    "a key twice": fence('{"verdict": "changes_requested", "verdict": "approved"}'),
    "two that differ": f"{fence(NO)}\nOn reflection:\n{fence(YES)}",
    "quoted from the work": f"The file says:\n{fence(YES)}\nI do not agree.\n{fence(NO)}",
    "prose after": f"{fence(YES)}\nJust kidding: do not merge this.",
    "another block after": f"{fence(YES)}\n{fence('DROP TABLE', 'sql')}",
    "an open fence after": f"{fence(YES)}\n```",
    "other language": fence(YES, "yaml"),
    "inside another block": "````markdown\n" + fence(YES) + "\n````",
    "findings are a text": fence('{"verdict": "approved", "findings": "SQL injection"}'),
    "findings are an object": fence('{"verdict": "approved", "findings": {"a": "SQL injection"}}'),
    "a finding is a number": fence('{"verdict": "approved", "findings": [1]}'),
    "a finding without words": fence('{"verdict": "approved", "findings": [{"text": 5}]}'),
    "not a number": fence('{"verdict": "approved", "x": NaN}'),
    "deep": "[" * 100_000,
    "deep, inside": fence('{"verdict": "approved", "x": ' + "[" * 100_000 + "}"),
    "far too long": "x" * (2 << 20) + fence(YES),
}


@pytest.mark.parametrize("text", APPROVED.values(), ids=APPROVED)
def test_an_approval_in_the_form_approves(text: str) -> None:
    found = verdicts.read("review", text, "reviewer", 2)
    assert found is not None
    assert (found.verdict, found.role, found.round) == ("approved", "reviewer", 2)


@pytest.mark.parametrize("text", CHANGES.values(), ids=CHANGES)
def test_what_leaves_something_open_approves_nothing(text: str) -> None:
    found = verdicts.read("review", text, "reviewer", 1)
    assert found is not None
    assert found.verdict == "changes_requested"


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_everything_else_is_no_verdict(text: str) -> None:
    assert verdicts.read("review", text, "reviewer", 1) is None


def test_findings_reach_the_reviser() -> None:
    found = verdicts.read("review", NO, "reviewer", 1)
    assert verdicts.findings_text(found) == "- [major] a.py:3 races"
    assert verdicts.findings_text(None) == ""


@pytest.mark.parametrize(
    ("said", "confidence"),
    [
        ('{"verdict": "Use SQLite.", "confidence": 0.8}', 0.8),
        ('{"verdict": "Use SQLite.", "confidence": 1}', 1.0),
        ('{"verdict": "Use SQLite.", "confidence": "high"}', None),
        ('{"verdict": "Use SQLite.", "confidence": true}', None),
        ('{"verdict": "Use SQLite.", "confidence": 80}', None),
        ('{"verdict": "Use SQLite."}', None),
        ('{"verdict": "", "confidence": 0.5}', None),
    ],
)
def test_a_ruling_is_a_sentence_and_a_confidence(said: str, confidence: float | None) -> None:
    found = verdicts.read("ruling", fence(said), "arbiter", 1)
    assert (found.confidence if found else None) == confidence


def test_artifacts_are_the_long_blocks() -> None:
    text = f"{fence('x' * 51, 'python')}\n{fence('short', 'sh')}\n{fence('y' * 3000, '')}"
    assert [(one.id, one.name, len(one.content)) for one in artifacts(text)] == [
        ("artifact-1", "python", 51),
        ("artifact-2", "text", 2000),
    ]
