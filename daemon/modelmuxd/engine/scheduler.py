"""Who runs next. Woken by events and by the next due time, never by polling."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from muxwire.settings.model import Limits
from muxwire.words import WaitReason

from modelmuxd.domain.decision import Held
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.inbox import Inbox
from modelmuxd.engine.queue import Queue
from modelmuxd.engine.slots import Seat, Slots
from modelmuxd.store.interface import StoreFull, TaskStore
from modelmuxd.store.records import Task

log = logging.getLogger(__name__)

Admit = Callable[[Task, TaskGroup], Awaitable[Held | None]]
"""Starts an attempt of the task in the group, or ends it; else what holds it."""


class Scheduler:
    """The queue and the slots, and the loop that joins them."""

    def __init__(self, *, store: TaskStore, hub: Hub, inbox: Inbox, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._hub = hub
        self._inbox = inbox
        self._clock = clock
        self._queue = Queue()
        self.slots = Slots(limits)
        self._wake = anyio.Event()
        self._tasks: TaskGroup | None = None
        self.draining = False

    @property
    def running(self) -> int:
        return len(self.slots)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def put(self, task: Task) -> None:
        """Queue a task, or what became of it."""
        self._queue.put(task, self._clock.now())
        self._wake.set()

    def drop(self, run_id: str) -> None:
        self._queue.drop(run_id)
        self.free(f"run:{run_id}")

    @property
    def mark(self) -> int:
        return self._queue.mark

    def put_back(self, task: Task, held: Held, mark: int) -> None:
        """Queue a task that was found to be held, as things stood at `mark`."""
        self._queue.put(task, self._clock.now())
        self._hold(task, held, mark)
        self._wake.set()

    def drain(self) -> None:
        """Start nothing new: the daemon is going."""
        self.draining = True

    def take(self, seat: Seat) -> None:
        self.slots.take(seat)

    def give_back(self, run_id: str) -> None:
        self.free(*self.slots.give_back(run_id))

    def free(self, *keys: str) -> None:
        """What tasks may wait for: a slot, a workdir, an account, the end of a run."""
        self._queue.free(*keys)
        self._wake.set()

    def recheck(self, *reasons: WaitReason) -> None:
        """Offer all again that wait for one of these."""
        self._queue.recheck(reasons)
        self._wake.set()

    async def run(self, tasks: TaskGroup, admit: Admit) -> None:
        """Until cancelled: offer each task that may be able to start to `admit`, the best first."""
        self._tasks = tasks
        while True:
            self._wake = anyio.Event()
            self._queue.wake_due(self._clock.now())
            if not self.draining:
                await self._offer(tasks, admit)
            await self._sleep()

    async def _offer(self, tasks: TaskGroup, admit: Admit) -> None:
        while (task := self._next()) and not self.draining:
            mark = self._queue.mark
            held = await admit(task, tasks)
            if not self._queue.in_hand(task.new.run_id, mark):
                continue  # canceled or changed meanwhile
            if held is None:
                self._queue.drop(task.new.run_id)
            else:
                self._hold(task, held, mark)
            await anyio.lowlevel.checkpoint()

    def _next(self) -> Task | None:
        self._queue.close(*self.slots.exhausted())
        return self._queue.take()

    def _hold(self, task: Task, held: Held, mark: int) -> None:
        self._queue.hold(task.new.run_id, held, mark)
        if (task.waiting, task.waiting_for, task.not_before) != (held.reason, held.text, held.until):
            self._tell(task, held)

    def _tell(self, task: Task, held: Held) -> None:
        """Have the reason written down, beside everything else: a claim that follows is written after it."""
        if self._tasks is None:
            return  # the daemon only starts; what the record says still holds
        self._tasks.start_soon(self._write_down, task, held)

    async def _write_down(self, task: Task, held: Held) -> None:
        run_id, now = task.new.run_id, self._clock.now()
        try:
            told = await self._store.wait_for(run_id, held.reason, held.text, held.until, now)
        except StoreFull:
            log.warning("disk full: why a run waits is not recorded", extra={"run": run_id})
            return
        if self._queue.get(run_id) is task:
            self._queue.update(told)
        self._inbox.put(told.new)
        self._hub.notify(run_id)

    async def _sleep(self) -> None:
        due = None if self.draining else self._queue.next_due
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
