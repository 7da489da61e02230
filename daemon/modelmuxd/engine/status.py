"""What runs, what waits and why, and how the daemon itself is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import anyio
import msgspec
import psutil
from muxwire.budget import BudgetReport
from muxwire.faults import Fault, FaultError
from muxwire.insight import DaemonFacts, RunLine, Status, Today

from modelmuxd.engine.budgets import Purses
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.line import Line
from modelmuxd.engine.live import Live
from modelmuxd.engine.plan import split_provider
from modelmuxd.engine.results import dollars
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.engine.silence import SHOWN
from modelmuxd.engine.times import midnight
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Task


class StatusBoard:
    """`birth` is what never changes while the daemon lives; `notices` what the user should know now."""

    def __init__(
        self,
        *,
        birth: DaemonFacts,
        notices: Callable[[], tuple[Fault, ...]],
        store: TaskStore,
        live: Mapping[str, Live],
        line: Line,
        scheduler: Scheduler,
        purses: Purses,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._birth = birth
        self._notices = notices
        self._store = store
        self._live = live
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
        now, unfinished = self._clock.now(), self._lines(await self._store.unfinished())
        return Status(
            at=now,
            daemon=self.facts(),
            running=tuple(one for one in unfinished if one.state == "running"),
            waiting=tuple(one for one in unfinished if one.state != "running"),
            recent=tuple(self._lines(await self._store.recent(limit)) if limit else ()),
            paused=self._line.show().paused,
            accounts=self._line.accounts(),
            today=await today(self._store, now),
            budget=await self._budget(),
        )

    def _lines(self, tasks: Sequence[Task]) -> list[RunLine]:
        return [line_of(task, self._live.get(task.new.run_id)) for task in tasks]

    async def _budget(self) -> BudgetReport | None:
        """None while the settings are broken: `config check` tells why."""
        try:
            return await self._purses.report()
        except FaultError:
            return None

    def changed(self) -> anyio.Event:
        """Set by the next change of any run. Take it before reading the status."""
        return self._hub.changed()


async def today(store: TaskStore, now: float) -> Today:
    """What the runs of this day that have ended came to."""
    spent = await store.spent_since(midnight(now))
    cost, plan = dollars(spent.cost_micros), dollars(spent.plan_micros)
    return Today(runs=spent.runs, tokens=spent.tokens, cost_usd=cost, plan_usd=plan, unpriced=spent.unpriced)


def line_of(task: Task, live: Live | None) -> RunLine:
    """A run in one line; `live` while an attempt of it is under way."""
    provider, model = split_provider(task.new.provider, task.new.model)
    return RunLine(
        run_id=task.new.run_id,
        state=task.state,
        provider=task.provider or provider,
        model=task.model or model,
        task=task.new.task[:120],
        created_at=task.new.created_at,
        started_at=task.started_at,
        ended_at=task.ended_at,
        waiting=task.waiting or "",
        waiting_for=task.waiting_for,
        until=task.not_before,
        last_line=live.last_line if live else "",
        silent_s=live.silence.seconds if live and live.silence.seconds >= SHOWN else None,
        origin=task.new.origin.kind,
        part_of=task.new.part_of,
        step=task.new.step,
        round=task.new.round,
    )
