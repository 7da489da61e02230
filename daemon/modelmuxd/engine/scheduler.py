"""Who runs next. Woken by events and by the next due time, never by polling.

Priority, then age. The counts of what runs are kept here and checked again by the store inside the claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup
from muxwire.settings.model import Limits

from modelmuxd.domain.decision import Candidate
from modelmuxd.engine.clock import Clock
from modelmuxd.store.interface import Task

Admit = Callable[[Task, TaskGroup], Awaitable[bool]]
"""Starts an attempt of the task in the group, or does not; whether the task left the queue."""


class Scheduler:
    """The queue in memory; the store has it in full."""

    def __init__(self, *, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self.limits = limits
        self._queue: dict[str, Task] = {}
        self._running: Counter[str] = Counter()
        self._wake = anyio.Event()
        self.paused = False

    @property
    def running(self) -> int:
        return self._running.total()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def put(self, *tasks: Task) -> None:
        """Queue tasks, or what became of them."""
        for task in tasks:
            self._queue[task.new.run_id] = task
        self._wake.set()

    def replace(self, task: Task) -> None:
        """The same task, as it stands now; no reason to look at the queue again."""
        self._queue[task.new.run_id] = task

    def drop(self, run_id: str) -> None:
        self._queue.pop(run_id, None)

    def pause(self) -> None:
        """Start nothing new: the daemon drains."""
        self.paused = True

    def free(self, candidate: Candidate) -> bool:
        taken = self._running[candidate.account]
        return self.running < self.limits.running and taken < self.limits.slots(candidate.provider)

    def take(self, account: str) -> None:
        self._running[account] += 1

    def give_back(self, account: str) -> None:
        self._running[account] -= 1
        self._wake.set()

    def due(self, now: float) -> list[Task]:
        """What may start now, best first."""
        ready = [task for task in self._queue.values() if (task.not_before or 0) <= now]
        return sorted(ready, key=lambda task: (-task.new.priority, task.new.created_at))

    def next_due(self, now: float) -> float | None:
        return min((t.not_before for t in self._queue.values() if t.not_before and t.not_before > now), default=None)

    async def run(self, tasks: TaskGroup, admit: Admit) -> None:
        """Until cancelled: offer each due task to `admit`."""
        while True:
            self._wake = anyio.Event()
            if not self.paused:
                await self._offer(tasks, admit)
            await self._sleep()

    async def _offer(self, tasks: TaskGroup, admit: Admit) -> None:
        for task in self.due(self._clock.now()):
            if self.running >= self.limits.running:
                return
            if task.new.run_id in self._queue and await admit(task, tasks):
                self.drop(task.new.run_id)

    async def _sleep(self) -> None:
        due = self.next_due(self._clock.now())
        if due is None:
            await self._wake.wait()
            return
        async with anyio.create_task_group() as race:

            async def alarm() -> None:
                await self._clock.sleep_until(due)
                race.cancel_scope.cancel()

            race.start_soon(alarm)
            await self._wake.wait()
            race.cancel_scope.cancel()
