"""Time, handed in. Delays are kept as wall-clock due times, since they are stored; tests drive the clock by hand."""

from __future__ import annotations

import time
from typing import Protocol

import anyio


class Clock(Protocol):
    def now(self) -> float:
        """Unix seconds."""
        ...

    async def sleep_until(self, due: float) -> None:
        """Return at `due` or a little later."""
        ...


class SystemClock:
    """The machine's clock. Sleeps are re-checked at least every minute, so that a wall-clock step is noticed."""

    STEP = 60.0

    def now(self) -> float:
        return time.time()

    async def sleep_until(self, due: float) -> None:
        while (left := due - time.time()) > 0:  # noqa: ASYNC110 - time itself is what is waited for
            await anyio.sleep(min(left, self.STEP))
