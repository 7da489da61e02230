"""What a new daemon does with the runs its predecessor left: re-adopt, collect, or call them lost."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from anyio import to_thread
from anyio.abc import TaskGroup
from muxwire.events import RunEvent
from muxwire.faults import FaultError

from modelmuxd.adapters.base import Adapter
from modelmuxd.domain.decision import Candidate
from modelmuxd.domain.request import Request
from modelmuxd.engine.admission import seat_of, written_in
from modelmuxd.engine.attempts import Attempts
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.dispatcher import Dispatcher
from modelmuxd.engine.live import GRACE, StopSignal
from modelmuxd.engine.plan import SettingsFor, session_of
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.engine.slots import Seat
from modelmuxd.engine.unheard import ended_with, never_started, nobody_reads
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Attempt, Task

log = logging.getLogger(__name__)

PAGE = 1000


class Reconciler:
    """Runs once, before the scheduler starts."""

    def __init__(
        self,
        *,
        store: TaskStore,
        adapters: Mapping[str, Adapter],
        attempts: Attempts,
        dispatcher: Dispatcher,
        scheduler: Scheduler,
        settings_for: SettingsFor,
        clock: Clock,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._attempts = attempts
        self._dispatcher = dispatcher
        self._scheduler = scheduler
        self._settings_for = settings_for
        self._clock = clock

    async def run(self, tasks: TaskGroup) -> None:
        """Queue what waits; take up every attempt that was running, each in its own task."""
        for task in await self._store.unfinished():
            if task.new.plan is not None:
                continue  # its conductor takes it up
            if task.state != "running":
                self._scheduler.put(task)
                continue
            history = await self._store.attempts(task.new.run_id)
            running = next(one for one in history if one.ended_at is None)
            self._scheduler.take(await self._seat(task, running))
            tasks.start_soon(self._take_up, task, running, [one for one in history if one.ended_at is not None])

    async def _seat(self, task: Task, attempt: Attempt) -> Seat:
        candidate = Candidate(provider=attempt.provider, account=attempt.account)
        return seat_of(task, candidate, await to_thread.run_sync(written_in, task))

    async def _take_up(self, task: Task, running: Attempt, tried: list[Attempt]) -> None:
        """The time it has run is its process's age: by the wall's time a clock that was set meanwhile would end it."""
        deadline = self._dispatcher.deadline(task, tried, running.started_at)
        try:
            with self._attempts.under_way(task.new.run_id, deadline) as live:
                attempt = await self._store.adopt(task.new.run_id, running.number)
                if task.canceling:
                    live.end("canceled")
                process = await self._attempts.reopen(attempt)
                if process and (age := process.age()) is not None:
                    live.deadline = self._dispatcher.deadline(task, tried, self._clock.now() - age)
                adapter = await self._adapter(task, attempt)
                if process is None:
                    log.info("an attempt never started", extra={"run": task.new.run_id})
                    ended = ended_with(attempt, never_started(attempt))
                elif adapter is None:
                    await process.stop("TERM", GRACE)
                    ended = ended_with(attempt, nobody_reads(attempt))
                else:
                    log.info("re-adopted an attempt", extra={"run": task.new.run_id})
                    request = await self._request(task, attempt)
                    signal, seen = stop_signal(adapter, request), await self._seen(task.new.run_id)
                    ended = await self._attempts.follow(attempt, adapter, request, process, live, signal, seen)
                after = await self._dispatcher.conclude(task, attempt, ended, tried)
        finally:
            self._scheduler.give_back(task.new.run_id)
        await self._dispatcher.settled(after)

    async def _adapter(self, task: Task, attempt: Attempt) -> Adapter | None:
        """Built in, or of the user's own: then the settings must still have it."""
        if found := self._adapters.get(attempt.provider):
            return found
        try:
            settings = await self._settings_for(task.new.workdir, task.new.profile)
        except FaultError:
            return None
        return settings.adapters.get(attempt.provider)

    async def _request(self, task: Task, attempt: Attempt) -> Request:
        """As much of the first request as a reader needs."""
        usage = None
        if session := session_of(task):
            usage = await self._store.session_usage(attempt.provider, session)
        return Request(
            task=task.answer or task.new.task,
            program=attempt.argv[0] if attempt.argv else attempt.provider,
            workdir=task.new.works_in,
            folder=str(Path(self._attempts.spool) / attempt.folder),
            sandbox=task.new.sandbox,
            model=attempt.model,
            session=session,
            session_usage=usage,
            run_id=task.new.run_id,
        )

    async def _seen(self, run_id: str) -> list[RunEvent]:
        seen: list[RunEvent] = []
        while page := await self._store.events(run_id, seen[-1].seq if seen else 0, PAGE):
            seen += page
        return seen


def stop_signal(adapter: Adapter, request: Request) -> StopSignal:
    """What the CLI ends cleanly on; the invocation itself was not kept."""
    try:
        return adapter.prepare(request).stop_signal
    except FaultError:
        return "TERM"
