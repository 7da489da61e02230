"""What a new daemon does with the runs its predecessor left: re-adopt, collect, or call them lost."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from anyio.abc import TaskGroup
from muxwire.events import RunEvent
from muxwire.faults import LOST, Fault, FaultError

from modelmuxd.adapters.base import Adapter
from modelmuxd.domain.request import Request
from modelmuxd.engine.attempts import Attempts, StopSignal, ended_with
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.dispatcher import Dispatcher
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.store.interface import Attempt, Task, TaskStore

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
        clock: Clock,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._attempts = attempts
        self._dispatcher = dispatcher
        self._scheduler = scheduler
        self._clock = clock

    async def run(self, tasks: TaskGroup) -> None:
        """Queue what waits; take up every attempt that was running, each in its own task."""
        for task in await self._store.unfinished():
            history = await self._store.attempts(task.new.run_id)
            open_attempt = next((one for one in history if one.ended_at is None), None)
            if open_attempt is None:
                self._scheduler.put(task)
                continue
            attempt = await self._store.adopt(task.new.run_id, open_attempt.number)
            self._scheduler.take(attempt.account)
            tasks.start_soon(self._take_up, task, attempt, [one for one in history if one.ended_at is not None])

    async def _take_up(self, task: Task, attempt: Attempt, tried: list[Attempt]) -> None:
        started = task.started_at or attempt.started_at
        try:
            with self._attempts.under_way(task.new.run_id, started + task.new.timeout) as live:
                if task.canceling:
                    live.end("canceled")
                process = await self._attempts.reopen(attempt)
                adapter = self._adapters.get(attempt.provider)
                if process is None or adapter is None:
                    log.info("an attempt never started", extra={"run": task.new.run_id})
                    ended = ended_with(attempt, never_started(attempt))
                else:
                    log.info("re-adopted an attempt", extra={"run": task.new.run_id})
                    request = await self._request(task, attempt)
                    reader, signal = adapter.reader(request), stop_signal(adapter, request)
                    seen = await self._seen(task.new.run_id)
                    ended = await self._attempts.follow(attempt, reader, process, live, signal, seen)
                after = await self._dispatcher.conclude(
                    task, attempt, ended, tried, others=len(self._adapters) - 1, never_started=process is None
                )
            self._dispatcher.settled(after)
        finally:
            self._scheduler.give_back(attempt.account)

    async def _request(self, task: Task, attempt: Attempt) -> Request:
        """As much of the first request as a reader needs."""
        usage = None
        if task.new.session_id:
            usage = await self._store.session_usage(attempt.provider, task.new.session_id)
        return Request(
            task=task.new.task,
            program=attempt.argv[0] if attempt.argv else attempt.provider,
            workdir=task.new.workdir,
            folder=str(Path(self._attempts.spool) / attempt.folder),
            sandbox=task.new.sandbox,
            model=attempt.model,
            session=task.new.session_id,
            session_usage=usage,
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


def never_started(attempt: Attempt) -> Fault:
    return Fault(
        code=LOST,
        message=f"The daemon ended before {attempt.provider} was started; nothing was run.",
        provider=attempt.provider,
    )
