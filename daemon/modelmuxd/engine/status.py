"""What runs, what waits and why, and how the daemon itself is."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import msgspec
import psutil
from muxwire.budget import BudgetReport
from muxwire.faults import Fault, FaultError
from muxwire.insight import DaemonFacts, Status

from modelmuxd.engine.budgets import Purses
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.line import Line
from modelmuxd.engine.runs import Runs
from modelmuxd.engine.scheduler import Scheduler


class StatusBoard:
    """`birth` is what never changes while the daemon lives; `notices` what the user should know now."""

    def __init__(
        self,
        *,
        birth: DaemonFacts,
        notices: Callable[[], tuple[Fault, ...]],
        runs: Runs,
        line: Line,
        scheduler: Scheduler,
        purses: Purses,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._birth = birth
        self._notices = notices
        self._runs = runs
        self._line = line
        self._scheduler = scheduler
        self._purses = purses
        self._hub = hub
        self._clock = clock
        self._process = psutil.Process()

    def facts(self) -> DaemonFacts:
        return msgspec.structs.replace(
            self._birth,
            state="draining" if self._scheduler.draining else "running",
            running=self._scheduler.running,
            waiting=self._scheduler.waiting,
            rss_bytes=self._process.memory_info().rss,
            notices=self._notices(),
        )

    async def status(self, limit: int) -> Status:
        running, waiting, recent = await self._runs.lines(limit)
        return Status(
            at=self._clock.now(),
            daemon=self.facts(),
            running=tuple(running),
            waiting=tuple(waiting),
            recent=tuple(recent),
            paused=self._line.show().paused,
            accounts=self._line.accounts(),
            today=await self._runs.today(),
            budget=await self._budget(),
        )

    async def _budget(self) -> BudgetReport | None:
        """None while the settings are broken: `config check` tells why."""
        try:
            return await self._purses.report()
        except FaultError:
            return None

    def changed(self) -> anyio.Event:
        """Set by the next change of any run. Take it before reading the status."""
        return self._hub.changed()
