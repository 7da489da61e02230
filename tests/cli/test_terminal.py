"""What a person at a terminal sees: the real program on a pseudo-terminal."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from cli_stage import RESULT, RUN, STATUS, STREAM, Daemon, daemon
from muxwire import events
from muxwire.insight import LiveStatus
from terminal import PATIENCE, on_terminal

ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


@pytest.fixture
def stage() -> Iterator[Daemon]:
    with daemon() as running:
        yield running


async def endless(params: Any, call: Any) -> None:
    for event in STREAM:
        await call.event(event)
    await anyio.sleep_forever()


async def live(params: Any, call: Any) -> None:
    await call.event(LiveStatus(STATUS))
    await anyio.sleep_forever()


def test_the_answer_streams_and_ends_with_one_dim_line(stage: Daemon) -> None:
    with on_terminal(stage, "dispatch", "x") as terminal:
        code, shown, errors = terminal.end()
    assert code == 0
    assert shown.decode() == "all is\r\nwell 修 🎉\r\n"
    first, ending, hint = errors.decode().splitlines()
    assert "^C leaves it running" in first
    assert ending == f"\x1b[2m{RUN[:16]} · codex/gpt-x · 3.2 s · 1200 tokens · cost $0.012\x1b[0m"
    assert "--session s-1" in hint


def test_a_models_text_cannot_drive_the_terminal(stage: Daemon) -> None:
    stage.events["dispatch"] = (events.Text(1, "a\x1b]0;title\x07b\x9b2J\u202e", seq=1),)
    stage.answers["dispatch"] = RESULT
    with on_terminal(stage, "dispatch", "x", NO_COLOR="1") as terminal:
        _, shown, errors = terminal.end()
    assert b"\x1b" not in shown + errors
    assert b"\x07" not in shown
    assert "␛]0;title␇b".encode() in shown


@pytest.mark.parametrize("verb", ["wait", "show", "cancel"])
def test_interrupted_a_question_ends_quietly(stage: Daemon, verb: str) -> None:
    stage.answers[verb] = endless
    with on_terminal(stage, verb, RUN) as terminal:
        deadline = time.monotonic() + PATIENCE
        while not stage.asked and time.monotonic() < deadline:
            time.sleep(0.01)
        terminal.program.send_signal(signal.SIGINT)
        code, _, errors = terminal.end()
    assert (code, errors) == (130, b"")


def test_without_a_task_a_terminal_is_not_read(stage: Daemon) -> None:
    with on_terminal(stage, "dispatch") as terminal:
        code, _, errors = terminal.end()
    assert code == 2
    assert b"The task is empty" in errors


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_is_for_those_who_want_it(stage: Daemon, env: dict[str, str], coloured: bool) -> None:
    with on_terminal(stage, "status", **env) as terminal:
        _, shown, _ = terminal.end()
    assert (b"\x1b[" in shown) is coloured


def test_the_live_view_follows_the_size_and_gives_the_screen_back(stage: Daemon) -> None:
    stage.answers["live"] = live
    with on_terminal(stage, "status", "-w") as terminal:
        terminal.until(ENTER)
        terminal.until(b"q ends")
        terminal.resize(40, 10)
        terminal.program.send_signal(signal.SIGWINCH)
        terminal.until(b"q ends")
        assert [(view.width, view.height) for name, _, view in stage.asked if name == "live"] == [(80, 24), (40, 10)]
        os.write(terminal.master, b"q")
        code, shown, errors = terminal.end()
    assert (code, errors) == (0, b"")
    assert LEAVE in shown


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_however_the_live_view_ends_the_screen_is_given_back(stage: Daemon, number: int, expected: int) -> None:
    stage.answers["live"] = live
    with on_terminal(stage, "status", "-w") as terminal:
        terminal.until(b"q ends")
        terminal.program.send_signal(number)
        code, shown, errors = terminal.end()
    assert (code, errors) == (expected, b"")
    assert LEAVE in shown
