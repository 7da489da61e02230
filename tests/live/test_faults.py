"""What goes wrong at the model API comes out as one named fault, in bounded time, and never as success."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from live.homes import AGENTS
from live.world import World, until
from muxwire.words import EXIT_FAILED, EXIT_NO_PROVIDER

EVERY = (*AGENTS, "codex-builtin", "codex-profile")
OWN_TRIES = 7
"""Qwen Code's at a 429 or 500, over some 80 s; it has no switch for them."""
QUICK = tuple(agent for agent in AGENTS if agent != "qwen")


@pytest.mark.parametrize("world", EVERY, indirect=True)
def test_401_is_a_login_fault(world: World) -> None:
    result, code = world.dispatch("Try. [[status:401]] [[message:Incorrect API key provided]]")
    assert (code, result.status) == (EXIT_NO_PROVIDER, "error")
    assert result.error is not None
    assert result.error.code == "auth"
    assert result.error.hint


@pytest.mark.parametrize("world", [*AGENTS, "codex-profile"], indirect=True)
def test_429_is_a_rate_limit_and_the_run_waits_for_its_end(world: World) -> None:
    task = "Try. [[status:429]] [[retry-after:600]] [[message:Rate limit reached for requests]]"
    words = ("--json", "-p", world.provider, "-m", world.model, "--background")
    run_id = json.loads(world.muxctl("dispatch", *words, stdin=task).stdout)["run_id"]

    def parked() -> Any:
        result = json.loads(world.muxctl("show", "--json", run_id).stdout)["result"]
        return result if result["status"] not in ("queued", "running") else None

    result = until(parked, "a decision", within=180)
    assert (result["status"], result["waiting"], result["error"]["code"]) == ("waiting", "cooldown", "rate_limit")
    assert result["until"] > time.time()
    tries = OWN_TRIES if world.provider == "qwen" else 1
    assert len(world.asked("Try.")) == tries, "the agent's own retries are not switched off"


@pytest.mark.parametrize("world", QUICK, indirect=True)
def test_429_then_success_takes_two_attempts(world: World) -> None:
    result, code = world.dispatch("Try. [[status:429:1]] [[retry-after:1]] [[reply:Better.]]", "--max-retries", "2")
    assert (code, result.status, result.output) == (0, "success", "Better.")
    assert result.attempts == 2


@pytest.mark.parametrize("world", QUICK, indirect=True)
def test_500_is_the_servers_fault(world: World) -> None:
    result, code = world.dispatch("Try. [[status:500]] [[message:The server had an error]]")
    assert (code, result.status) == (EXIT_FAILED, "error")
    assert result.error is not None
    assert result.error.code in {"transient", "overloaded"}


@pytest.mark.parametrize("dead_world", EVERY, indirect=True)
def test_refused_connection_ends(dead_world: World) -> None:
    """Codex by itself would try for ever."""
    result, code = dead_world.dispatch("Try.")
    assert (code, result.status) == (EXIT_FAILED, "error")
    assert result.error is not None
    assert result.error.code == "transient"


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_unknown_model_is_named(world: World) -> None:
    world.model = "loopback/no-such-model" if world.provider == "opencode" else "no-such-model"
    result, code = world.dispatch("Try.")
    assert (code, result.status) == (EXIT_FAILED, "error")
    assert result.error is not None
    assert result.error.code == "invalid_request"
    assert "no-such-model" in result.error.message
    assert result.error.hint
