"""An attempt that runs now: what a status line shows of it, and what may end it early: its user, its clock, its
silence, its output. Whoever asks first is why it ended.
"""

from __future__ import annotations

from typing import Literal

import anyio

from modelmuxd.domain.invocation import Exit
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.recorder import Recorder
from modelmuxd.engine.silence import BUSY, TICK, Silence
from modelmuxd.runner.interface import AgentProcess

GRACE = 5.0
"""Seconds between the signal and SIGKILL; the real CLIs need up to 5 (measured)."""

Ended = Literal["canceled", "timeout", "output_limit", "silent"]
StopSignal = Literal["INT", "TERM"]


class Live:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.recorder: Recorder | None = None
        self.silence = Silence()
        self.first_byte: float | None = None
        """Seconds from the attempt's start until the agent said anything; None where an earlier daemon saw it."""
        self.ending: Ended | None = None
        self.elsewhere = False
        """It was lost, and what it asked for is under way where the next attempt finds it."""
        self._end = anyio.Event()

    def end(self, why: Ended) -> None:
        """Ask for its end; the first word stays."""
        self.ending = self.ending or why
        self._end.set()

    async def asked_to_end(self) -> None:
        await self._end.wait()

    @property
    def last_line(self) -> str:
        return self.recorder.last_line if self.recorder else ""


async def watch_clock(live: Live, clock: Clock) -> None:
    await clock.sleep_until(live.deadline)
    live.end("timeout")


async def watch_silence(live: Live, process: AgentProcess, provider: str, first_byte_s: float, clock: Clock) -> None:
    silence, before = live.silence, None
    while True:
        await clock.sleep_until(clock.now() + TICK)
        silence.tick(TICK)
        if silence.hung(first_byte_s):
            live.end("silent")
            return
        if not silence.worth_asking():
            before = None
            continue
        before, cpu = await _share(process, before, clock)
        if (remark := silence.remark(provider, cpu)) and live.recorder:
            live.recorder.remark(remark)


async def _share(
    process: AgentProcess, before: tuple[float, float] | None, clock: Clock
) -> tuple[tuple[float, float] | None, float | None]:
    """What the tree has computed by now, and the share of a core since the look before."""
    used, now = await process.cpu_seconds(), clock.now()
    if used is None:
        return None, None
    if before is None or now <= before[0]:
        return (now, used), BUSY  # not known yet: the next look tells
    return (now, used), (used - before[1]) / (now - before[0])


async def stop_when_asked(live: Live, process: AgentProcess, signal: StopSignal) -> None:
    await live.asked_to_end()
    await process.stop(signal, GRACE)


def flagged(exit: Exit, live: Live) -> Exit:
    """Why we ended it counts more than the code it then gave."""
    return Exit(
        code=exit.code,
        canceled=live.ending == "canceled",
        timed_out=exit.timed_out or live.ending == "timeout",
        output_limit=live.ending == "output_limit",
    )
