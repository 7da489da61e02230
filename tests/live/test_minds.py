"""Collaborations of the real Codex, Claude and Gemini: who speaks when, on sessions that go on, with verdicts."""

from __future__ import annotations

import json

import msgspec
import pytest
from live.homes import HOMES, MODELS
from live.world import World, agents_folder
from muxwire.broadcast import BroadcastResult
from muxwire.collaborate import CollaborateResult

FOUND = '{"severity": "major", "where": "", "text": "the heron is missing"}'
VERDICT = "[[call:StructuredOutput:{}]] [[reply:done]]"
"""How Claude Code has a model keep to a schema."""
NO = VERDICT.format(f'{{"verdict": "changes_requested", "summary": "", "findings": [{FOUND}]}}')
YES = VERDICT.format('{"verdict": "approved", "summary": "", "findings": []}')
ROLES = {"advocate": "codex", "critic": "gemini", "arbiter": "claude"}
AGENT = "|".join(MODELS.values())
"""Not the smaller models that Gemini asks what a prompt is about."""
RULING = '```json\n{"verdict": "Build it.", "confidence": 0.75}\n```'


@pytest.fixture
def together(world: World) -> World:
    """A user who is logged in with all three."""
    for name in ("claude", "gemini"):
        if not (agents_folder() / name).exists():
            pytest.skip(f"the real {name} is not installed; run .ci/agents")
        world.env |= HOMES[name](world.folder, world.api.url)
    return world


def collaborate(world: World, *words: str) -> CollaborateResult:
    done = world.muxctl("collaborate", "--json", *words, stdin="Write a poem about a bird.")
    return msgspec.json.decode(done.stdout, type=CollaborateResult)


@pytest.mark.parametrize("world", ["codex"], indirect=True)
def test_work_is_reviewed_revised_and_approved_on_sessions_that_go_on(together: World) -> None:
    for prompt, reply in (
        ("Do this task. Your work", "[[reply:A poem.]]"),
        ("Review this work as a demanding", NO),
        ("The reviewer of your work asks", "[[reply:A poem with a heron.]]"),
        ("This is the revised work", YES),
    ):
        together.api.add_rule(reply, prompt=prompt)
    result = collaborate(together, "--pattern", "review")
    assert (result.state, result.approved, result.rounds) == ("completed", True, 2), result
    assert result.final_output.strip() == "A poem with a heron."
    assert [(turn.role, turn.provider) for turn in result.turns] == [
        ("implementer", "codex"),
        ("reviewer", "claude"),
        ("reviser", "codex"),
        ("reviewer", "claude"),
    ]
    (revised,) = together.asked("The reviewer of your work asks")[-1:]
    assert "Do this task. Your work" in json.dumps(revised["body"])
    assert "the heron is missing" in revised["prompt"]
    (again,) = together.asked("This is the revised work")[-1:]
    assert "Review this work as a demanding" in json.dumps(again["body"])


@pytest.mark.parametrize("world", ["codex"], indirect=True)
def test_codex_is_held_to_the_schema_of_a_verdict(together: World) -> None:
    """Nobody tells the model what to say: the API gives what the schema asks for, in the resumed turn too."""
    result = collaborate(together, "--pattern", "review", "--max-rounds", "2", "--roles", "reviewer=codex")
    assert (result.state, result.approved, result.rounds) == ("completed", False, 2), result
    assert [one.verdict for one in result.verdicts] == ["changes_requested"] * 2
    assert not any("/repair" in turn.role for turn in result.turns)


@pytest.mark.parametrize("world", ["codex"], indirect=True)
def test_a_debate_of_three_ends_with_the_arbiter(together: World) -> None:
    for prompt, reply in (
        ("Argue for this", "For."),
        ("Argue against this", "Against."),
        ("The critic answers", "Still for."),
        ("The advocate answers", "Still against."),
        ("Decide this debate", f"I have weighed it.\n{RULING}"),
    ):
        together.api.add_rule(f"[[reply:{reply}]]", prompt=prompt, model=AGENT)
    roles = [f"{role}={name}/{MODELS[name]}" for role, name in ROLES.items()]
    result = collaborate(together, "--pattern", "debate", "--max-rounds", "2", "--roles", *roles)
    assert result.state == "completed", result
    assert [(turn.role, turn.provider, turn.round) for turn in result.turns] == [
        ("advocate", "codex", 1),
        ("critic", "gemini", 1),
        ("advocate", "codex", 2),
        ("critic", "gemini", 2),
        ("arbiter", "claude", 2),
    ]
    assert result.verdict is not None
    assert (result.verdict.verdict, result.verdict.confidence) == ("Build it.", 0.75)
    (heard,) = together.asked("Decide this debate")[-1:]
    assert "Still against." in heard["prompt"]
    (second,) = together.asked("The advocate answers")[-1:]
    assert "Argue against this" in json.dumps(second["body"]), "its session went on"


@pytest.mark.parametrize("world", ["codex"], indirect=True)
def test_all_three_answer_one_question(together: World) -> None:
    asked = "Say it. [[reply:heron]]"
    done = together.muxctl(
        "broadcast", "--json", "--compare", "--providers", "codex", f"gemini/{MODELS['gemini']}", "claude", stdin=asked
    )
    result = msgspec.json.decode(done.stdout, type=BroadcastResult)
    assert (result.status, [run.output for run in result.results]) == ("success", ["heron"] * 3), result
    assert result.comparison is not None
    assert result.comparison.agreement_score == 1.0
