"""Calls that last: what the client is told meanwhile, when it is answered, and what its leaving does."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from modelmuxd.edge.mcp.patience import patience
from shim.world import Pipe, World, until


def begun(world: World, name: str) -> tuple[str, Path]:
    """A task that says two lines, begins, and ends when the second path is there."""
    started, end = Path(world.project, f"{name}-begun"), Path(world.project, f"{name}-end")
    return f"echo one; echo two words; touch {started}; until [ -e {end} ]; do sleep 0.01; done; echo end", end


def call(pipe: Pipe, world: World, name: str, id: int = 1, **more: Any) -> Path:
    """A dispatch under way; what ends it."""
    task, end = begun(world, name)
    pipe.call(id, "mux_dispatch", task=task, provider="sh", failover=False, **more)
    until(Path(world.project, f"{name}-begun").exists)
    return end


def test_progress_grows_and_says_the_agents_last_line(world: World) -> None:
    with world.pipe() as pipe:
        end = call(pipe, world, "progress", meta={"progressToken": "p-1"})
        while len(pipe.others) < 1:
            pipe.hear()
        time.sleep(1.5)  # the bound is in time: no more than one comes in it
        end.touch()
        assert pipe.answer(1)["structuredContent"]["status"] == "success"
        told = [one["params"] for one in pipe.others]
        pipe.ask(2, "ping")
        pipe.answer(2)
    assert len(told) <= 3
    assert [one["params"] for one in pipe.others] == told  # nothing follows the answer
    assert all(one["progressToken"] == "p-1" for one in told)
    assert told[0]["message"] == "two words"
    grown = [one["progress"] for one in told]
    assert grown == sorted(set(grown))


def test_others_are_answered_meanwhile(world: World) -> None:
    with world.pipe() as pipe:
        end = call(pipe, world, "meanwhile")
        pipe.ask("ping", "ping")
        assert pipe.answer("ping") == {}
        pipe.ask("tools", "tools/list")
        assert pipe.answer("tools")["tools"]
        end.touch()
        assert pipe.answer(1)["structuredContent"]["status"] == "success"
        assert not pipe.others  # nobody has given a token


@pytest.mark.parametrize(
    ("reason", "state"), [("the user changed their mind", "canceled"), ("Request timed out", "running")]
)
def test_a_word_of_the_client_ends_the_run_and_its_impatience_does_not(world: World, reason: str, state: str) -> None:
    with world.pipe() as pipe:
        end = call(pipe, world, state, idempotency_key=f"key-{state}")
        pipe.say(method="notifications/cancelled", params={"requestId": 1, "reason": reason})
        task, _ = begun(world, state)
        key = f"key-{state}"
        pipe.call(2, "mux_dispatch", task=task, provider="sh", failover=False, idempotency_key=key, wait_s=0.5)
        assert pipe.answer(2)["structuredContent"]["status"] == state
        end.touch()


def test_a_client_that_leaves_is_answered_and_its_run_goes_on(world: World) -> None:
    with world.pipe() as pipe:
        end = call(pipe, world, "leaves")
        pipe.call(2, "mux_check")
        assert pipe.leave() == 0
        left = pipe.answer(1)["structuredContent"]
        assert left["status"] == "running"
        assert pipe.answer(2)["structuredContent"]["client"] == "test"
    end.touch()
    with world.pipe() as pipe:
        pipe.call(1, "mux_run", run_id=left["run_id"], action="wait")
        assert pipe.answer(1)["structuredContent"]["output"].split() == ["one", "two", "words", "end"]


def test_no_client_is_kept_longer_than_it_waits() -> None:
    assert patience("claude-code", None) == 110
    assert patience("codex-mcp-client", 1000) == 240
    assert patience("somebody", None) == 50
    assert patience("somebody", 3) == 3
    assert patience("claude-code", None, age=30) == 80  # a daemon has died meanwhile
    assert patience("claude-code", None, age=500) == 1
    assert patience("claude-code", 0, age=500) == 0
