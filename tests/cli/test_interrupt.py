"""^C while a run is followed, on a real terminal: the first detaches, a second one cancels the run."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from cli_stage import RESULT, RUN, STREAM, Daemon, daemon, environment
from muxwire.runs import CancelParams, CancelResult
from terminal import PATIENCE, Terminal, on_terminal

FOLLOWING = [("dispatch", "x"), ("attach", RUN), ("retry", RUN)]
CANCELED = CancelResult((msgspec.structs.replace(RESULT, status="canceled", output=""),))
STREAMS = "🎉".encode()


@pytest.fixture
def stage() -> Iterator[Daemon]:
    with daemon() as running:
        running.answers |= dict.fromkeys(("dispatch", "attach", "retry"), endless)
        running.answers["cancel"] = CANCELED
        yield running


async def endless(params: Any, call: Any) -> None:
    await call.named(RUN)
    for event in STREAM:
        await call.event(event)
    await anyio.sleep_forever()


def interrupt(terminal: Terminal) -> None:
    terminal.program.send_signal(signal.SIGINT)


def cancels(stage: Daemon) -> list[CancelParams]:
    return [params for name, params, _ in stage.asked if name == "cancel"]


@pytest.mark.parametrize("words", FOLLOWING, ids=lambda words: words[0])
def test_the_first_detaches_and_names_the_run(stage: Daemon, words: tuple[str, ...]) -> None:
    with on_terminal(stage, *words) as terminal:
        terminal.until(STREAMS)
        interrupt(terminal)
        code, _, errors = terminal.end()
    assert code == 130
    assert f"detached: run {RUN[:16]} goes on; ^C again within 2 s cancels it" in errors.decode()
    assert f"muxctl attach {RUN[:16]}" in errors.decode()
    assert b"Traceback" not in errors
    assert cancels(stage) == []


@pytest.mark.parametrize("words", FOLLOWING, ids=lambda words: words[0])
def test_a_second_one_cancels_the_run(stage: Daemon, words: tuple[str, ...]) -> None:
    with on_terminal(stage, *words, NO_COLOR="1") as terminal:
        terminal.until(STREAMS)
        interrupt(terminal)
        terminal.until_said(b"muxctl attach")
        interrupt(terminal)
        code, shown, errors = terminal.end()
    assert (code, shown.strip()) == (130, b"")
    assert cancels(stage) == [CancelParams((RUN,))]
    assert errors.decode().splitlines()[-1].split()[:2] == [RUN[:16], "canceled"]
    assert b"Traceback" not in errors


def test_the_full_command_line_does_the_same() -> None:
    """By it a daemon of another version is asked."""
    with daemon(version="9.9") as other:
        other.answers |= {"attach": endless, "cancel": CANCELED}
        with on_terminal(other, "attach", RUN) as terminal:
            terminal.until(STREAMS)
            interrupt(terminal)
            terminal.until_said(b"muxctl attach")
            interrupt(terminal)
            code, _, _ = terminal.end()
        assert code == 130
        assert cancels(other) == [CancelParams((RUN,))]


def test_a_run_without_a_name_yet_is_left_alone_at_once(stage: Daemon) -> None:
    asked = queue.SimpleQueue[None]()

    async def slow(params: Any, call: Any) -> None:
        asked.put(None)
        await anyio.sleep_forever()

    stage.answers["dispatch"] = slow
    with on_terminal(stage, "dispatch", "x") as terminal:
        asked.get(timeout=PATIENCE)
        interrupt(terminal)
        code, _, errors = terminal.end()
    assert code == 130
    assert b"the run goes on; see `muxctl status`" in errors


def test_a_daemon_that_cannot_be_told_to_cancel_is_an_error() -> None:
    with daemon() as gone:
        gone.answers["dispatch"] = endless
        with on_terminal(gone, "dispatch", "x") as terminal:
            terminal.until(STREAMS)
            interrupt(terminal)
            terminal.until_said(b"muxctl attach")
            Path(gone.places.socket).unlink()
            interrupt(terminal)
            code, _, errors = terminal.end()
    assert code == 5
    assert f"→ muxctl cancel {RUN}" in errors.decode()


@pytest.mark.parametrize("verb", ["dispatch", "retry"])
def test_asked_to_it_leaves_at_the_first(stage: Daemon, verb: str) -> None:
    """The daemon cancels what its caller leaves, however that comes: tests/edge/test_hangup.py."""
    with on_terminal(stage, verb, RUN, "--cancel-on-interrupt") as terminal:
        terminal.until(STREAMS)
        interrupt(terminal)
        code, _, errors = terminal.end()
    assert code == 130
    assert f"interrupted: run {RUN[:16]} is canceled" in errors.decode()
    assert "leaves it running" not in errors.decode()
    assert stage.asked[-1][1].cancel_on_hangup


def test_a_daemon_that_is_lost_does_not_begin_a_retry_anew() -> None:
    """Asked again it would be another run: a retry carries no key."""

    async def vanish(params: Any, call: Any) -> None:
        await call.named(RUN)
        call._line.abort()

    with daemon() as stage:
        stage.answers["retry"] = vanish
        done = subprocess.run(
            [sys.executable, "-m", "muxclients.cli.main", "retry", RUN],
            env=environment(stage),
            capture_output=True,
            timeout=40,
        )
        assert [name for name, _, _ in stage.asked] == ["retry"]
    assert done.returncode == 5
    assert b"is not lost" in done.stderr
