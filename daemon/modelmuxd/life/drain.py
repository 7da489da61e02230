"""The way to the end: running, draining, stopped; and who may hurry it.

A course only ever gets more urgent:

    run    work is taken
    drain  no new work; the address stays, so that clients hear why; ends when no agent runs any more
    leave  the address is given up, calls in flight are answered, agents go on for the next daemon to adopt
    kill   as leave, and the agents are ended
    now    nothing is waited for
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import Literal, get_args

import anyio
from muxwire.faults import DRAINING, refuse

Course = Literal["run", "drain", "leave", "kill", "now"]
COURSES: tuple[Course, ...] = get_args(Course)

GRACE = 1.5
"""Seconds for calls in flight after the address is given up. A successor tries for the claim a little longer than that
(`claim.PATIENCE`); whoever watches a run that goes on is sent away and comes back to the successor."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
"""SIGHUP too: closing the terminal of `muxctl daemon run` is no reason to lose anything."""


def more_urgent(course: Course, asked: Course) -> Course:
    """The course after somebody asked for `asked`: never a slower one."""
    return max(course, asked, key=COURSES.index)


def after_signal(course: Course) -> Course:
    """The first signal means leave, one more means now."""
    return "leave" if course in ("run", "drain") else "now"


class Drain:
    """Where this daemon stands. Asked by signals, by `shutdown` and by the idle timer; read by everybody."""

    def __init__(self) -> None:
        self.course: Course = "run"
        self._changed = anyio.Event()

    def __repr__(self) -> str:
        return f"<Drain {self.course}>"

    @property
    def state(self) -> Literal["running", "draining"]:
        """The word for clients."""
        return "running" if self.course == "run" else "draining"

    def ask(self, course: Course) -> None:
        """Take a more urgent course; a slower one than the present changes nothing."""
        course = more_urgent(self.course, course)
        if course != self.course:
            self.course = course
            self._changed.set()
            self._changed = anyio.Event()

    def refuse_new_work(self) -> None:
        """Call where work is accepted. Raises FaultError(DRAINING) once the daemon is on its way out."""
        if self.course != "run":
            raise refuse(
                DRAINING, "The daemon is ending and takes no new work.", "Ask again: the next one starts by itself."
            )

    async def reached(self, course: Course) -> None:
        """Wait until the course is `course` or more urgent."""
        while COURSES.index(self.course) < COURSES.index(course):
            await self._changed.wait()


async def watch_signals(drain: Drain, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
    """Turn signals into courses until cancelled. Started means that the default action no longer applies."""
    with anyio.open_signal_receiver(*SIGNALS) as received:
        task_status.started()
        async for _ in received:
            drain.ask(after_signal(drain.course))


async def unless_hurried(drain: Drain, work: Callable[[], Awaitable[object]], course: Course, seconds: float) -> None:
    """Do `work`, but no longer than `seconds`, and drop it once `course` is asked for."""
    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:

            async def hurry() -> None:
                await drain.reached(course)
                group.cancel_scope.cancel()

            group.start_soon(hurry)
            await work()
            group.cancel_scope.cancel()
