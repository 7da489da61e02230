"""Has done what composites need: one task per open composite, which sleeps until a turn of it has moved.

All that it knows is in the store: after a restart it reads on where the record ends. A turn that is there is never
asked again.
"""

from __future__ import annotations

import logging

import anyio
import msgspec
from anyio.abc import TaskGroup
from muxwire.events import ChildChanged, Notice, RunEvent
from muxwire.faults import INTERNAL, Fault, FaultError

from modelmuxd.domain.knowledge import Signal
from modelmuxd.domain.plans import Broadcast, Turn
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.composites.following import follows
from modelmuxd.engine.composites.history import turns_of
from modelmuxd.engine.composites.offspring import offspring
from modelmuxd.engine.composites.reading import Reading
from modelmuxd.engine.composites.score import Finish, Key, Next, Reply, Score
from modelmuxd.engine.dispatcher import Dispatcher
from modelmuxd.engine.environment import Secrets
from modelmuxd.engine.governor import Governor
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.inbox import Inbox
from modelmuxd.engine.needs import Needs
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.engine.signals import of_judge
from modelmuxd.engine.worktrees import Worktrees
from modelmuxd.store.interface import StoreFull, TaskStore
from modelmuxd.store.records import Ending, NewTask, Task

log = logging.getLogger(__name__)

PAGE = 1000
FULL_AGAIN = 5.0
"""Seconds after which a composite goes on that the disk had no room for."""


class Open:
    """A composite that is being conducted: its turns as they stand, and what its stream has told of them."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.replies: dict[Key, Reply] = {}
        self.fresh: set[Key] = set()
        """Turns that were read since the stream was told."""
        self.told: dict[str, ChildChanged] = {}

    def score(self, now: float) -> Score:
        new = self.task.new
        return Score(parent=new, canceling=self.task.canceling, replies=self.replies, now=now)

    def news(self, now: float) -> list[RunEvent]:
        """What has changed since the stream was told."""
        changed = [told_of(self.replies[key], now) for key in self.replies if key in self.fresh] if self.fresh else []
        return [each for each in changed if not _same(self.told.get(each.child), each)]

    def tell(self, events: list[RunEvent]) -> None:
        self.told |= {event.child: event for event in events if isinstance(event, ChildChanged)}


class Conductor:
    """`start` takes up what an earlier daemon left; `take` begins with a new one."""

    def __init__(
        self,
        *,
        store: TaskStore,
        reading: Reading,
        worktrees: Worktrees,
        dispatcher: Dispatcher,
        scheduler: Scheduler,
        governor: Governor,
        needs: Needs,
        secrets: Secrets,
        inbox: Inbox,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._store = store
        self._reading = reading
        self._worktrees = worktrees
        self._dispatcher = dispatcher
        self._scheduler = scheduler
        self._governor = governor
        self._needs = needs
        self._secrets = secrets
        self._inbox = inbox
        self._hub = hub
        self._clock = clock
        self._tasks: TaskGroup | None = None

    async def start(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        for task in await self._store.unfinished():
            if task.new.plan is not None:
                self.take(task)

    def take(self, task: Task) -> None:
        assert self._tasks is not None
        self._inbox.open(task.new.run_id)
        self._scheduler.slots.put_between(task.new.run_id, task.new.origin.parent)
        self._tasks.start_soon(self._conduct, task)

    async def _conduct(self, task: Task) -> None:
        run_id = task.new.run_id
        try:
            composite = await self._open(task)
            while not await self._step(composite):
                await self._moved(composite)
        except Exception:
            log.exception("a composite failed inside the daemon", extra={"run": run_id})
            await self._give_up(task)
        finally:
            self._inbox.close(run_id)
            self._scheduler.slots.forget(run_id)

    async def _give_up(self, task: Task) -> None:
        """After a failure of our own. Where not even that can be written down, the next daemon takes it up again."""
        try:
            await self._finish(Open(task), Finish(state="error", fault=_internal()))
        except Exception:
            log.exception("the end of a composite is not recorded", extra={"run": task.new.run_id})

    async def _open(self, task: Task) -> Open:
        composite, seq = Open(task), 0
        for turn in await turns_of(self._store, task.new):
            await self._read(composite, turn)
        while page := await self._store.events(task.new.run_id, seq, PAGE):
            seq = page[-1].seq
            composite.tell(page)
        return composite

    async def _read(self, composite: Open, turn: Task) -> None:
        """How a turn stands."""
        reply = await self._reading(composite.task, turn)
        composite.replies[reply.step, reply.round] = reply
        composite.fresh.add((reply.step, reply.round))

    async def _step(self, composite: Open) -> bool:
        """Do what is next; whether that was the end."""
        plan = composite.task.new.plan
        assert plan is not None
        try:
            after = follows(plan, composite.score(self._clock.now()))
            for run_id in after.cancel:
                await self._dispatcher.cancel(run_id, after.why)
            if after.finish:
                await self._finish(composite, after.finish)
                return True
            await self._go_on(composite, after)
        except StoreFull:
            log.warning("disk full: a composite waits", extra={"run": composite.task.new.run_id})
            await self._clock.sleep_until(self._clock.now() + FULL_AGAIN)
            self._inbox.put(composite.task.new)
        return False

    async def _go_on(self, composite: Open, after: Next) -> None:
        """New turns and what the stream is to be told, in one transaction; then the turns are queued like any task."""
        now, parent = self._clock.now(), composite.task.new
        left = composite.score(now).left
        share = left // len(after.spawn) if left is not None and after.spawn else left
        turns = [await self._born(parent, turn, now, share) for turn in after.spawn]
        for turn in turns:
            await self._read(composite, Task(new=turn, state="blocked" if turn.blocked else "queued"))
        remarks = [Notice(attempt=0, text=text, at=now) for text in after.tell]
        news = [*remarks, *composite.news(now)]
        if not turns and not news:
            return
        spawned: list[Task] = []
        with anyio.CancelScope(shield=True):  # a stored turn must not stay unqueued
            spawned = await self._store.spawn(parent.run_id, turns, news)
            for task in spawned:
                if task.ended_at is None:
                    known = self._secrets.of(parent.run_id)
                    mine = {name: known[name] for name in task.new.env_names if name in known}
                    self._secrets.keep(task.new.run_id, mine)
                    self._scheduler.put(task)
        kept = {task.new.run_id for task in spawned}
        for turn in turns:
            if turn.run_id not in kept:  # it was canceled meanwhile
                del composite.replies[turn.step, turn.round]
        composite.tell(news)
        composite.fresh.clear()
        for task in spawned:
            if task.ended_at is not None:
                self._inbox.put(task.new)  # blocked: to be looked at
        self._hub.notify(parent.run_id)

    async def _born(self, parent: NewTask, turn: Turn, now: float, max_cost_micros: int | None) -> NewTask:
        """A turn as it will be stored: with the variables that its provider needs, not with all that were supplied, and
        with a worktree of its own where its plan says so. What cannot be had blocks it."""
        task = offspring(parent, turn, self._governor, now, max_cost_micros)
        if task.blocked is not None:
            return task
        own = isinstance(parent.plan, Broadcast) and parent.plan.worktree and turn.sandbox is None
        try:
            needed = await self._needs(
                parent.env,
                parent.workdir,
                parent.profile,
                (turn.provider,),
                others=turn.failover and bool(self._secrets.of(parent.run_id)),
            )
            names = tuple(name for name in parent.env_names if name in needed)
            tree = await self._worktrees.chosen(task, asked=True, carry=_carries(parent)) if own else task.worktree
        except FaultError as error:
            return msgspec.structs.replace(task, blocked=error.fault)
        return msgspec.structs.replace(task, env_names=names, worktree=tree)

    async def _learned(self, finish: Finish, now: float) -> tuple[Signal, ...]:
        signals = []
        for run_id, share in finish.judged.items():
            if attempts := await self._store.attempts(run_id):
                signals.append(of_judge(share, attempts[-1], now))
        return tuple(signals)

    async def _moved(self, composite: Open) -> None:
        """Until a turn has moved or the composite's time is over; then know how they stand."""
        run_id, deadline, moved = composite.task.new.run_id, composite.task.new.deadline, set[str]()
        late = deadline is not None and self._clock.now() >= deadline
        async with anyio.create_task_group() as race:

            async def alarm(due: float) -> None:
                await self._clock.sleep_until(due)
                race.cancel_scope.cancel()

            if deadline is not None and not late:
                race.start_soon(alarm, deadline)
            moved = await self._inbox.take(run_id)
            race.cancel_scope.cancel()
        for each in moved:
            task = await self._store.find(each)
            if each == run_id:
                composite.task = task
            else:
                await self._read(composite, task)

    async def _finish(self, composite: Open, finish: Finish) -> None:
        run_id, now, output = composite.task.new.run_id, self._clock.now(), finish.output
        if finish.whole_of:
            output = await self._reading.whole(await self._store.find(finish.whole_of))
        end = Ending(
            run_id=run_id,
            state=finish.state,
            summary=finish.summary,
            output=output,
            output_size=len(output.encode()),
            fault=finish.fault,
            changes=await self._worktrees.changes(composite.task),
            signals=await self._learned(finish, now),
            events=tuple(composite.news(now)),
        )
        with anyio.CancelScope(shield=True):
            await self._dispatcher.settled(await self._store.finish(end, now))
        self._hub.notify(run_id)


def told_of(reply: Reply, now: float) -> ChildChanged:
    return ChildChanged(
        child=reply.run_id,
        step=reply.step,
        round=reply.round,
        state=reply.state,
        provider=reply.provider,
        model=reply.model,
        reason=reply.waiting,
        text=reply.waiting_for or (reply.fault.message if reply.fault else ""),
        at=now,
    )


def _carries(parent: NewTask) -> bool:
    return isinstance(parent.plan, Broadcast) and parent.plan.carry


def _same(one: ChildChanged | None, other: ChildChanged) -> bool:
    return one is not None and msgspec.structs.replace(one, seq=0, at=0.0) == msgspec.structs.replace(
        other, seq=0, at=0.0
    )


def _internal() -> Fault:
    return Fault(INTERNAL, "The daemon failed while it conducted this run.", "See `muxctl logs --daemon`.")
