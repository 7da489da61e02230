"""What a reviewer or an arbiter has decided. Only the form that was asked for decides; prose never does. Pure.

A verdict is one JSON object: the whole answer, or a fenced block that ends it. Whatever could be read in two ways is no
verdict: a second block that says something else, a key twice, a word that is nearly right.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from muxwire.collaborate import Finding, Verdict

LONGEST = 1 << 20
"""Characters of an answer that is looked at."""
APPROVED, CHANGES = "approved", "changes_requested"
HARMLESS = frozenset({"minor", "note", "nit", "info", "suggestion"})
"""Severities that an approval may leave open."""
_FENCE = re.compile(r" {0,3}(`{3,})[ \t]*([^`]*)$")
_JSON = ("", "json")

FORMS = {
    "review": """
End your answer with your verdict in exactly this form, a fenced block of JSON and nothing after it. `verdict` is
"approved" or "changes_requested"; `severity` is "blocker", "major", "minor" or "note". Approve only what needs no
change.

```json
{"verdict": "…", "summary": "…", "findings": [{"severity": "…", "where": "…", "text": "…"}]}
```
""",
    "ruling": """
End your answer with your decision in exactly this form, a fenced block of JSON and nothing after it. `verdict` is your
decision in one sentence, `confidence` a number from 0 to 1.

```json
{"verdict": "…", "confidence": 0.0, "summary": "…"}
```
""",
}


def _object_of(**properties: object) -> dict[str, object]:
    """Strict, as model APIs want it: every key there, and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
_FINDING = _object_of(
    severity={"type": "string", "enum": ["blocker", "major", "minor", "note"]}, where=_TEXT, text=_TEXT
)
SCHEMAS = {
    "review": json.dumps(
        _object_of(
            verdict={"type": "string", "enum": [CHANGES, APPROVED]},
            summary=_TEXT,
            findings={"type": "array", "items": _FINDING},
        )
    ),
    "ruling": json.dumps(_object_of(verdict=_TEXT, confidence={"type": "number"}, summary=_TEXT)),
}
"""The same for agents that can hold a model to a schema; their whole answer is then the object."""

REPAIR = """
Your last answer did not end with a verdict that can be read. Do not review again: give the verdict that you came to.
"""


def read(kind: str, text: str, role: str, round: int) -> Verdict | None:
    """The verdict of an answer; None when there is none that can only be read in one way."""
    found = last_word(text)
    if found is None:
        return None
    said = found.get("verdict")
    if not isinstance(said, str) or not said.strip():
        return None
    findings = _findings(found.get("findings", []))
    if findings is None:
        return None
    summary = found.get("summary", "")
    verdict = Verdict(
        role=role,
        round=round,
        verdict=said.strip(),
        findings=findings,
        summary=summary if isinstance(summary, str) else "",
    )
    return _ruling(verdict, found.get("confidence")) if kind == "ruling" else _review(verdict, said)


def _ruling(verdict: Verdict, confidence: object) -> Verdict | None:
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not 0 <= confidence <= 1:
        return None
    return msgspec.structs.replace(verdict, confidence=float(confidence))


def _review(verdict: Verdict, said: str) -> Verdict | None:
    """An approval that leaves something open is none."""
    if said not in (APPROVED, CHANGES):
        return None
    opens = any(one.severity.lower() not in HARMLESS for one in verdict.findings)
    return msgspec.structs.replace(verdict, verdict=CHANGES if opens else said)


def findings_text(verdict: Verdict | None) -> str:
    """What a reviser is told."""
    if verdict is None:
        return ""
    lines = [
        f"- {' '.join(filter(None, (f'[{one.severity}]' if one.severity else '', one.where)))} {one.text}".strip()
        for one in verdict.findings
    ]
    return "\n".join(filter(None, [verdict.summary, *lines]))


def last_word(text: str, key: str = "verdict") -> dict[str, Any] | None:
    """The object that an answer is, or ends with; None where another one in it says otherwise under that key."""
    text = text.strip()
    if len(text) > LONGEST:
        return None
    if text.startswith("{"):
        return _object(text)
    blocks, ends = _blocks(text)
    if not blocks or not ends:
        return None
    last = _object(blocks[-1])
    others = [found for found in map(_object, blocks[:-1]) if found and key in found]
    if last is None or any(other[key] != last.get(key) for other in others):
        return None
    return last


def _blocks(text: str) -> tuple[list[str], bool]:
    """The fenced blocks that may be JSON, and whether one of them ends the text."""
    found = _fences(text)
    may_be = [held for kind, held, _ in found if kind in _JSON]
    return may_be, bool(found) and found[-1][0] in _JSON and found[-1][2] == text.count("\n")


def fenced(text: str) -> list[tuple[str, str]]:
    """The fenced blocks of Markdown: the word behind the fence, lower-case, and what is inside."""
    return [(kind, held) for kind, held, _ in _fences(text)]


def _fences(text: str) -> list[tuple[str, str, int]]:
    """The same with the number of the line that closes each; one that is never closed is none."""
    blocks: list[tuple[str, str, int]] = []
    fence, kind, held = "", "", list[str]()
    for number, line in enumerate(text.split("\n")):
        found = _FENCE.match(line)
        if not fence and found:
            fence, kind, held = found[1], found[2].strip().lower(), []
        elif fence and found and not found[2].strip() and len(found[1]) >= len(fence):
            blocks.append((kind, "\n".join(held), number))
            fence = ""
        elif fence:
            held.append(line)
    return blocks


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands there twice")
    return dict(pairs)


def _no_number(word: str) -> None:
    raise ValueError(word)


def _findings(value: Any) -> tuple[Finding, ...] | None:
    """None for what is no list of findings: an approval might hide in it what stands against it."""
    if value is None:
        return ()
    if not isinstance(value, list):
        return None
    findings = [_finding(item) for item in value]
    return None if None in findings else tuple(one for one in findings if one is not None)


def _finding(item: Any) -> Finding | None:
    if isinstance(item, str):
        return Finding(text=item) if item.strip() else None
    if not isinstance(item, dict):
        return None
    text, severity, where = (item.get(key, "") for key in ("text", "severity", "where"))
    if not (isinstance(text, str) and isinstance(severity, str) and isinstance(where, str)):
        return None
    return Finding(text=text, severity=severity, where=where)
