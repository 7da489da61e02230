"""Time, handed in. Delays are kept as wall-clock due times, since they are stored; tests drive the clock by hand."""

from __future__ import annotations

import time
from typing import Protocol

import anyio


class Clock(Protocol):
    def now(self) -> float:
        """Unix seconds; never steps back or jumps while the daemon lives, whatever becomes of the wall's time."""
        ...

    async def sleep_until(self, due: float) -> None:
        """Return at `due` or a little later."""
        ...


_BOOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def _since_boot() -> float:
    """Counts on while the machine is suspended, where the system can tell."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


class SystemClock:
    """The wall's time at the daemon's start, counted on by the boot clock: a step of the wall's time moves nothing.

    Sleeps are re-checked at least every minute, since the loop's own clock stands still while the machine is suspended.
    """

    STEP = 60.0

    def __init__(self) -> None:
        self._start = time.time() - _since_boot()

    def now(self) -> float:
        return self._start + _since_boot()

    async def sleep_until(self, due: float) -> None:
        while (left := due - self.now()) > 0:  # noqa: ASYNC110 - time itself is what is waited for
            await anyio.sleep(min(left, self.STEP))
