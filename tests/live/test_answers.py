"""Real agents answer: byte for byte, with the model asked for, with what they used, and they remember."""

from __future__ import annotations

import json

import pytest
from live.homes import AGENTS
from live.world import World

EVERY = (*AGENTS, "codex-builtin", "codex-profile")
OTHER = {
    "codex": "gpt-5.2",
    "claude": "claude-haiku-4-5",
    "gemini": "gemini-3.5-pro",
    "qwen": "qwen3-max",
    "opencode": "loopback/second",
}


@pytest.mark.parametrize("world", EVERY, indirect=True)
def test_answer_is_whole_and_accounted_for(world: World) -> None:
    result, code = world.dispatch("Say it. [[reply:  Grüße, «world»\n\n```\n\tcode\n```]] [[usage:1200,200,34,10]]")
    assert (code, result.status, result.error) == (0, "success", None)
    assert result.output == "  Grüße, «world»\n\n```\n\tcode\n```"
    assert (result.provider, result.attempts, result.routed_from) == (world.provider, 1, None)
    assert result.session_id
    assert result.token_usage is not None
    assert (result.token_usage.input_tokens, result.token_usage.cached_input_tokens) == (1200, 200)
    assert result.token_usage.output_tokens == 44
    assert result.duration_seconds > 0


@pytest.mark.parametrize("world", EVERY, indirect=True)
def test_model_that_was_asked_for_is_used(world: World) -> None:
    world.model = OTHER[world.provider]
    asked = world.model.removeprefix("loopback/")
    result, code = world.dispatch("Which model are you? [[reply:I am {model}]]")
    assert code == 0
    assert result.output == f"I am {asked}"
    assert {request["model"] for request in world.asked("Which model")} == {asked}
    assert result.model == world.model


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_session_goes_on(world: World) -> None:
    """The second turn's request holds the first; its usage is its own, although Codex counts the whole thread."""
    first, _ = world.dispatch("Remember the word heron. [[reply:Noted.]] [[usage:1000,0,20,0]]")
    second, code = world.dispatch(
        "Which word? [[reply:That one.]] [[usage:1500,0,30,0]]", "--session", first.session_id
    )
    assert (code, second.status) == (0, "success")
    assert "Remember the word heron." in json.dumps(world.asked("Which word?")[-1]["body"])
    assert second.session_id == first.session_id
    assert second.token_usage is not None
    assert (second.token_usage.input_tokens, second.token_usage.output_tokens) == (1500, 30)


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_large_prompt_and_answer_arrive(world: World) -> None:
    """More than argv, a pipe or a line buffer holds."""
    result, code = world.dispatch("x" * 300_000 + " [[long:200000]]")
    assert code == 0
    assert (result.output_size or len(result.output)) >= 200_000
    assert result.output.startswith("000001 ")
