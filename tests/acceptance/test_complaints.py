"""What users of such tools complain of most, one test each, against a real daemon. Windows' share is not run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from muxclients.demo.stage import MUXCTL
from torture.world import AGENT, World, until, world

SOON = "sleep 0.05"
HELD = 'while [ ! -e "$HOME/go" ]; do sleep 0.02; done'


@pytest.fixture
def here() -> Iterator[World]:
    with world(SOON) as made:
        yield made


def result(here: World, *words: str, code: int | None = 0) -> dict[str, Any]:
    done = here.muxctl("dispatch", "--json", "-p", "codex", *words)
    assert code is None or done.returncode == code, (done.stdout, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def background(here: World, *words: str) -> str:
    return str(result(here, "--background", *words)["run_id"])


def waited(here: World, run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(here.muxctl("wait", "--json", run).stdout)["runs"][0]
    return found


def test_01_an_open_stdin_holds_nobody_up(here: World) -> None:
    """The agent reads to the end of its stdin; the client's own is a pipe that nobody closes."""
    reader, writer = os.pipe()
    argv = [sys.executable, "-c", MUXCTL, "dispatch", "-p", "codex", "--json", "say hello"]
    done = subprocess.run(argv, env=here.env, cwd=here.project, stdin=reader, capture_output=True, timeout=30)
    os.close(reader)
    os.close(writer)
    assert json.loads(done.stdout)["status"] == "success"


def test_02_a_client_that_gives_up_and_asks_again_has_the_same_run(here: World) -> None:
    here.agent(AGENT.replace("PAUSE", HELD))
    first = result(here, "--wait", "0.1", "--idempotency-key", "k", "say hello")
    Path(here.home, "go").touch()
    second = result(here, "--idempotency-key", "k", "say hello")
    assert (first["status"] in ("queued", "running"), second["status"]) == (True, "success")
    assert first["run_id"] == second["run_id"]
    assert len(here.journal()[0]) == 1


def test_03_nothing_outlives_a_run_that_ended_well(here: World) -> None:
    here.agent(AGENT.replace("PAUSE", "setsid sleep 300 </dev/null >/dev/null 2>&1 &"))
    assert result(here, "leave something")["status"] == "success"
    assert here.agents() == []


@pytest.mark.parametrize(
    ("provider", "words"),
    [("codex", ("exec", "read-only")), ("claude", ("-p",)), ("gemini", ("-o", "stream-json"))],
)
def test_04_nobody_is_asked_who_is_not_there(here: World, provider: str, words: tuple[str, ...]) -> None:
    """Each CLI is told so. That a question becomes a state with an answer: tests/edge/test_going_on.py."""
    argv = Path(here.folder, "bin", provider).resolve()
    argv.write_text('#!/bin/sh\necho "$@" >"$HOME/argv"\nexec </dev/null\n')
    here.muxctl("dispatch", "-p", provider, "x")
    said = Path(here.home, "argv").read_text().split()
    assert set(words) <= set(said)


def test_05_what_npm_put_on_the_path_is_seen_through(here: World) -> None:
    """A link into a package, whose version is read without starting it. Windows' shims were not run."""
    checked = json.loads(here.muxctl("check", "--json").stdout)["providers"]["codex"]
    assert (checked["available"], checked["version"]) == (True, "0.169.0")


def test_06_the_callers_path_counts_and_not_the_daemons(here: World) -> None:
    there = {**here.env, "PATH": os.defpath}
    argv = [sys.executable, "-c", MUXCTL, "status"]
    subprocess.run(argv, env=there, cwd=here.project, capture_output=True, timeout=30, check=True)
    (daemon,) = here.daemons()
    assert daemon.environ()["PATH"] == os.defpath
    assert result(here, "say hello")["status"] == "success"


def test_07_an_agent_does_not_take_itself_for_a_nested_one(here: World) -> None:
    here.agent(AGENT.replace("PAUSE", 'env >"$HOME/env"'))
    here.env |= {"CLAUDECODE": "1", "CLAUDE_CODE_ENTRYPOINT": "cli", "CODEX_SANDBOX": "seatbelt", "GEMINI_CLI": "1"}
    result(here, "say hello")
    seen = {line.partition("=")[0] for line in Path(here.home, "env").read_text().splitlines()}
    assert not seen & {"CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CODEX_SANDBOX", "GEMINI_CLI"}


def test_08_a_limit_is_a_limit_and_no_timeout(here: World) -> None:
    trouble = '{"type":"turn.failed","error":{"message":"You have hit your usage limit. Try again in 2 hours."}}'
    here.agent(AGENT.replace("PAUSE", f"echo '{trouble}'; exit 1"))
    found = result(here, "--wait", "2", "say hello", code=None)
    assert (found["status"], found["waiting"]) == ("waiting", "quota")
    until(lambda: "quota until" in here.muxctl("status").stdout, "the reason in the status")
    assert found["until"] > 7000


def test_09_cached_tokens_count_once_and_no_price_is_no_zero(here: World) -> None:
    usage = '"input_tokens":100,"cached_input_tokens":80,"output_tokens":5'
    here.agent(AGENT.replace('"input_tokens":9,"cached_input_tokens":0,"output_tokens":1', usage).replace("PAUSE", ""))
    found = result(here, "say hello")
    used = found["token_usage"]
    assert (used["input_tokens"], used["cached_input_tokens"], used["total_tokens"]) == (100, 80, 105)
    assert found["cost"]["usd"] is None


def test_10_a_result_survives_the_daemon(here: World) -> None:
    here.agent(AGENT.replace("PAUSE", HELD))
    run = background(here, "say hello")
    until(lambda: len(here.journal()[0]) == 1, "an agent")
    here.kill(here.daemons()[0])
    Path(here.home, "go").touch()
    until(lambda: len(here.journal()[1]) == 1, "its end, while nobody watches")
    found = waited(here, run)
    assert (found["status"], found["output"], found["attempts"]) == ("success", "done", 1)


def test_11_done_is_done_and_gone_is_gone(here: World) -> None:
    """A child that keeps the agent's stdout open does not keep the run open; a tree that vanished does not run."""
    here.agent(AGENT.replace("PAUSE", "sleep 300 &"))
    assert result(here, "leave a child with my stdout")["status"] == "success"
    here.agent(AGENT.replace("PAUSE", "sleep 300"))
    run = background(here, "--sandbox", "write", "vanish")
    until(lambda: bool(here.guards()) and bool(here.agents()), "an agent")
    for process in (*here.guards(), *here.agents()):
        here.kill(process)
    assert waited(here, run)["status"] == "lost"


def test_12_a_loop_of_agents_ends(here: World) -> None:
    here.settings("[limits]\nper_minute = 3\ndepth = 1\n")
    again = f"{sys.executable} -c '{MUXCTL}' dispatch --background --json -p codex more"
    here.agent(AGENT.replace("PAUSE", f'for i in 1 2 3 4 5; do {again}; done >>"$HOME/asked" 2>&1'))
    result(here, "ask for more")
    until(lambda: not here.agents(), "the end of all")
    answers = [json.loads(line) for line in Path(here.home, "asked").read_text().splitlines()]
    refused = [one for one in answers if one["status"] == "blocked"]
    assert {one["error"]["code"] for one in refused} == {"policy"}
    assert len(here.journal()[0]) == 1 + 3  # itself, and three below it that get no further
    assert any("limits.per_minute" in one["error"]["message"] for one in refused)
    assert any("limits.depth" in one["error"]["message"] for one in refused)


def test_13_a_suspended_machine_is_no_end(here: World) -> None:
    """Everything stands still for a moment. A night, by a clock that jumps: tests/engine/test_watchdog.py."""
    here.agent(AGENT.replace("PAUSE", HELD))
    run = background(here, "say hello")
    until(lambda: len(here.journal()[0]) == 1, "an agent")
    everybody = [one for one in (*here.daemons(), *here.guards(), *here.agents()) if one.name() != "sleep"]
    for process in everybody:
        process.send_signal(signal.SIGSTOP)
    until(lambda: {one.status() for one in everybody} == {psutil.STATUS_STOPPED}, "a standstill")
    for process in everybody:
        process.send_signal(signal.SIGCONT)
    Path(here.home, "go").touch()
    assert waited(here, run)["status"] == "success"


def test_14_one_daemon_and_an_upgrade_keeps_the_agents(here: World) -> None:
    here.agent(AGENT.replace("PAUSE", HELD))
    run = background(here, "say hello")
    until(lambda: len(here.journal()[0]) == 1, "an agent")
    second = subprocess.run([sys.executable, "-m", "modelmuxd"], env=here.env, capture_output=True, timeout=30)
    assert second.returncode == 75
    before, guards = here.daemons(), here.guards()
    assert here.muxctl("daemon", "restart").returncode == 0
    assert here.daemons() != before
    assert here.guards() == guards
    Path(here.home, "go").touch()
    assert waited(here, run)["status"] == "success"
