"""The way to the end: running, draining, stopped.

Draining: the address is given up, calls in flight are answered, agents go on for the next daemon to adopt. Waiting for
agents or ending them (`shutdown` with `drain` or `kill`) comes before that and is the engine's business. Stopped:
nothing is waited for any more.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import Literal

import anyio
from anyio.abc import TaskStatus

State = Literal["running", "draining", "stopped"]

GRACE = 1.5
"""Seconds for calls in flight after the address is given up. A successor tries for the claim a little longer than that
(`claim.PATIENCE`); whoever watches a run that goes on is sent away and comes back to the successor."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
"""SIGHUP too: closing the terminal of `muxctl daemon run` is no reason to lose anything."""


def after_signal(state: State) -> State:
    """The first signal means drain, one more means now."""
    return "draining" if state == "running" else "stopped"


class Drain:
    """Where this daemon stands. Moved on by signals, by `shutdown` and by the idle timer; never back."""

    def __init__(self) -> None:
        self._begun = anyio.Event()
        self._hurried = anyio.Event()

    def __repr__(self) -> str:
        return f"<Drain {self.state}>"

    @property
    def state(self) -> State:
        if self._hurried.is_set():
            return "stopped"
        return "draining" if self._begun.is_set() else "running"

    def begin(self) -> None:
        """Start to drain. Idempotent: two clients that ask for the end are no hurry."""
        self._begun.set()

    def signalled(self) -> None:
        """Do what one more signal means."""
        if after_signal(self.state) == "stopped":
            self._hurried.set()
        self._begun.set()

    async def begun(self) -> None:
        """Wait until the daemon is asked to end."""
        await self._begun.wait()

    async def finish(self, work: Callable[[], Awaitable[object]], *, grace: float = GRACE) -> None:
        """Do `work`, but drop it after `grace` seconds or once somebody is in a hurry."""
        with anyio.move_on_after(grace):
            async with anyio.create_task_group() as group:
                group.start_soon(self._cancel_when_hurried, group.cancel_scope)
                await work()
                group.cancel_scope.cancel()

    async def _cancel_when_hurried(self, scope: anyio.CancelScope) -> None:
        await self._hurried.wait()
        scope.cancel()


async def watch_signals(drain: Drain, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
    """Hand signals to `drain` until cancelled. Started means that their default action no longer applies."""
    with anyio.open_signal_receiver(*SIGNALS) as received:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        task_status.started()
        async for _ in received:
            drain.signalled()


def clean_signals() -> None:
    """Undo what the starter left us: `nohup`, `&` and careless parents hand on ignored or blocked signals, which we
    would hand on to every agent.
    """
    for number in {*SIGNALS, signal.SIGCHLD, signal.SIGQUIT}:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def hold_signals() -> None:
    """Keep signals back until `watch_signals` can do something better than die, leaving a socket behind."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
