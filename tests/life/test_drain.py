from __future__ import annotations

import os
import signal
import subprocess
import sys

import anyio
import pytest
from modelmuxd.life.drain import Drain, State, after_signal, watch_signals

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("state", "expected"), [("running", "draining"), ("draining", "stopped"), ("stopped", "stopped")]
)
def test_what_a_signal_means(state: State, expected: State) -> None:
    assert after_signal(state) == expected


async def forever() -> None:
    await anyio.sleep_forever()


async def test_two_signals() -> None:
    drain = Drain()
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            await group.start(watch_signals, drain)
            os.kill(os.getpid(), signal.SIGTERM)
            await drain.begun()
            assert repr(drain) == "<Drain draining>"
            os.kill(os.getpid(), signal.SIGINT)
            await drain.finish(forever, grace=1000)
            assert repr(drain) == "<Drain stopped>"
            group.cancel_scope.cancel()


async def test_asking_twice_is_no_hurry() -> None:
    drain = Drain()
    drain.begin()
    drain.begin()
    assert drain.state == "draining"


async def test_finishing_ends_when_done_or_late() -> None:
    drain = Drain()
    with anyio.fail_after(20):
        await drain.finish(anyio.lowlevel.checkpoint, grace=1000)
        await drain.finish(forever, grace=0.01)


SHOW = """
import signal
from modelmuxd.life.drain import clean_signals
clean_signals()
print(signal.getsignal(signal.SIGHUP) == signal.SIG_DFL, signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""
SPOIL = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM})
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""


def test_what_a_careless_starter_left_is_undone() -> None:
    shown = subprocess.run([sys.executable, "-c", SPOIL, SHOW], capture_output=True, text=True, timeout=30, check=True)
    assert shown.stdout == "True set()\n"
