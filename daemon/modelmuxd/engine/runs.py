"""Runs, as clients ask for them: accept, follow, wait, cancel, show."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
from muxwire.detail import DecisionDetail, RunDetail
from muxwire.events import Ended, RunEvent
from muxwire.faults import CONFLICT, DRAINING, USAGE, FaultError, refuse
from muxwire.insight import NOBODY, Caller
from muxwire.runs import DispatchParams, Origin, RetryParams, RunResult
from muxwire.sessions import SessionLine

from modelmuxd.adapters.base import Adapter
from modelmuxd.domain.plans import Decomposition, Plan
from modelmuxd.domain.trial import Trial
from modelmuxd.engine.accept import again, check, new_task
from modelmuxd.engine.attempts import Attempts
from modelmuxd.engine.callers import decided
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.composites.conductor import Conductor
from modelmuxd.engine.composites.history import turns_of
from modelmuxd.engine.composites.outcome import taken_apart, within
from modelmuxd.engine.dispatcher import Dispatcher
from modelmuxd.engine.environment import Secrets, key
from modelmuxd.engine.governor import Governor, family_of
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.needs import Needs
from modelmuxd.engine.plan import SettingsFor
from modelmuxd.engine.results import attempt_detail, result_of
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.engine.sessions import Sessions
from modelmuxd.engine.signals import of_retry
from modelmuxd.engine.worktrees import Worktrees
from modelmuxd.runner.lineage import attempt_of
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Task

PAGE = 256
WHOLE_OUTPUT = 32 * 1024 * 1024
"""Bytes of an answer that travel in a result; of a larger one, the head does, with its size."""


class Runs:
    """What the edge calls. Every argument that names a run takes any unique prefix of its id."""

    def __init__(
        self,
        *,
        store: TaskStore,
        adapters: Mapping[str, Adapter],
        attempts: Attempts,
        scheduler: Scheduler,
        dispatcher: Dispatcher,
        conductor: Conductor,
        secrets: Secrets,
        settings_for: SettingsFor,
        needs: Needs,
        governor: Governor,
        worktrees: Worktrees,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._attempts = attempts
        self._scheduler = scheduler
        self._dispatcher = dispatcher
        self._conductor = conductor
        self._secrets = secrets
        self._settings_for = settings_for
        self._needs = needs
        self._governor = governor
        self._worktrees = worktrees
        self._sessions = Sessions(store, adapters)
        self._hub = hub
        self._clock = clock

    async def secret_names(
        self, params: DispatchParams, words: Sequence[str] = (), *, others: bool = False
    ) -> tuple[str, ...]:
        """Checks the request and says which variables may be needed: by its provider or, of a composite, by those that
        `words` name and, with `others`, those who may be asked in their place. Raises FaultError."""
        if self._scheduler.draining:
            raise refuse(DRAINING, "The daemon is ending and takes no new work.", "Try again in a moment.")
        check(params)
        names = await self._needs(
            params.env.values,
            params.workdir,
            params.profile,
            words or (params.provider,),
            others=others or bool(params.failover),
        )
        return tuple(sorted(names))

    async def accept(
        self,
        params: DispatchParams,
        origin: Origin,
        secrets: Mapping[str, str],
        *,
        caller: Caller = NOBODY,
        retry_of: str = "",
        plan: Plan | None = None,
        payload: str = "",
        trial: Trial | None = None,
    ) -> Task:
        """Store the task and queue it. Durable when this returns; the same idempotency key gives the same run.

        With a plan it is a composite; `payload` then stands for all that was asked."""
        now = self._clock.now()
        after = tuple([(await self._store.find(run)).new.run_id for run in params.after])
        family = await family_of(self._store, origin.parent, now)
        task = new_task(
            params,
            origin=msgspec.structs.replace(origin, caller=caller.provider),
            secret_names=secrets,
            now=now,
            blocked=self._governor.refused(params, family),
            timeout=self._governor.timeout(params.timeout),
            family=family,
            after=after,
            retry_of=retry_of,
            left_out=caller.provider if caller.excluded else "",
            plan=plan,
            payload=payload,
            trial=trial,
            notify=() if trial else (await self._settings_for(params.workdir, params.profile)).notifications.targets,
        )
        if task.blocked is None:
            tree = await self._worktrees.chosen(task, asked=params.worktree, carry=params.carry)
            task = msgspec.structs.replace(task, worktree=tree)
        signals = of_retry(await self._store.attempts(retry_of), now) if retry_of else ()
        with anyio.CancelScope(shield=True):  # a caller who hangs up now must not leave a stored task unqueued
            stored, fresh = await self._store.submit(task, decided(caller, task), signals)
            if stored.ended_at is None:
                self._secrets.keep(stored.new.run_id, secrets)  # also when asked again: its daemon may be a new one
                if not origin.parent:
                    self._secrets.learn(secrets)
                if fresh:
                    (self._conductor.take if plan else self._scheduler.put)(stored)
                self._scheduler.free(*map(key, secrets))
        self._hub.notify(stored.new.run_id)  # pyright: ignore[reportPossiblyUnboundVariable] - a shield swallows nothing
        return stored  # pyright: ignore[reportPossiblyUnboundVariable]

    def lacking(self, tasks: Iterable[Task]) -> tuple[str, ...]:
        """Variables that those runs need and have no more: they are of an earlier daemon, and values are not stored."""
        lost = [task.new for task in tasks if task.ended_at is None]
        names = {name for new in lost if self._secrets.missing(new.run_id, new.env_names) for name in new.env_names}
        return tuple(sorted(names))

    def supply(self, secrets: Mapping[str, str]) -> None:
        """What a client that waits for runs has of what they lack; all that wait for the like are looked at again."""
        self._secrets.learn(secrets)
        self._scheduler.free(*map(key, secrets))

    async def parent(self, pid: int) -> str:
        """The run whose agent a process works for; empty when it works for none that we know."""
        marker = await anyio.to_thread.run_sync(attempt_of, pid)
        try:
            return (await self._store.find(marker.rpartition("-")[0])).new.run_id if marker else ""
        except FaultError:
            return ""

    async def resolved(self, params: DispatchParams) -> DispatchParams:
        """The request with the session in it that it means. Raises FaultError."""
        return await self._sessions.resolved(params)

    async def sessions(self, limit: int) -> list[SessionLine]:
        return await self._sessions.list(limit)

    async def find(self, prefix: str) -> Task:
        return await self._store.find(prefix)

    async def result(self, task: Task) -> RunResult:
        """The canonical result as it stands, with the whole answer where it fits."""
        output = await anyio.to_thread.run_sync(self._read_output, task) if task.output_file else None
        result = result_of(task, self._clock.now(), output)
        return taken_apart(result, await self.turns_of(task)) if isinstance(task.new.plan, Decomposition) else result

    async def turns(self, task: Task) -> list[RunResult]:
        """Of a composite: what its turns came to so far, with as much of their answers as one result may hold."""
        if task.new.plan is None:
            return []
        share = [await self.result(turn) for turn in await self.turns_of(task)]
        return within(share, WHOLE_OUTPUT)

    async def turns_of(self, task: Task) -> list[Task]:
        """Of a composite, those that it goes on from included."""
        return await turns_of(self._store, task.new)

    def _read_output(self, task: Task) -> str:
        with Path(self._attempts.spool, task.output_file).open("rb") as file:
            return file.read(WHOLE_OUTPUT).decode("utf-8", "ignore")

    async def watch(self, run_id: str, since: int = 0, *, follow: bool = True) -> AsyncIterator[RunEvent]:
        """Events after `since`, from the store, at the watcher's own pace; the last one is `Ended`.

        Without `follow`, what is there now.
        """
        while True:
            changed = self._hub.changed(run_id)
            task = await self._store.find(run_id)
            while page := await self._store.events(run_id, since, PAGE):
                for event in page:
                    yield event
                since = page[-1].seq
            if task.ended_at is not None:
                yield Ended(seq=since + 1, at=task.ended_at, result=await self.result(task))
                return
            if not follow:
                return
            await changed.wait()

    async def wait(self, run_ids: Sequence[str], seconds: float | None) -> list[Task]:
        """Until all have ended, or so long; as they then stand."""
        with anyio.move_on_after(seconds):
            for run_id in run_ids:
                while True:
                    changed = self._hub.changed(run_id)
                    if (await self._store.find(run_id)).ended_at is not None:
                        break
                    await changed.wait()
        return [await self._store.find(run_id) for run_id in run_ids]

    async def cancel(self, run_id: str, by: str) -> Task:
        """Ask for its end, and of those that its agent has asked for. One that runs ends when its tree is dead; wait
        for it to know."""
        task = await self._dispatcher.cancel(run_id, by)
        await self._dispatcher.cancel_below(task)
        return task

    async def again(self, params: RetryParams) -> tuple[DispatchParams, Task]:
        """What a retry of an ended run asks, to be accepted as any other, and that run.

        Raises FaultError(CONFLICT) while it has not ended, USAGE where one cannot choose who repeats it.
        """
        old = await self._store.find(params.run_id)
        if old.ended_at is None:
            raise refuse(CONFLICT, f"{old.new.run_id} is {old.state}: only a run that has ended can be run again.")
        if old.new.plan is not None and (params.provider or params.model):
            text = f"{old.new.run_id} asks several providers: it is repeated with the same ones."
            raise refuse(USAGE, text, f"Say: muxctl retry {old.new.run_id}.")
        return again(old.new, params), old

    async def answer(self, run_id: str, text: str) -> Task:
        """Send an answer to a run that waits for input. Raises FaultError(CONFLICT) for any other."""
        task = await self._store.answer(run_id, text, self._clock.now())
        self._scheduler.put(task)
        self._hub.notify(run_id)
        return task

    async def unfinished(self, mine: Origin | None = None) -> list[Task]:
        """All that have not ended; with `mine`, those that came from there."""
        tasks = await self._store.unfinished()
        return tasks if mine is None else [task for task in tasks if _same(task.new.origin, mine)]

    async def detail(self, task: Task) -> RunDetail:
        run_id = task.new.run_id
        decisions = await self._store.decisions(run_id)
        return RunDetail(
            result=await self.result(task),
            task=task.new.task,
            workdir=task.new.workdir,
            origin=task.new.origin,
            created_at=task.new.created_at,
            started_at=task.started_at,
            ended_at=task.ended_at,
            timeout=task.new.timeout,
            deadline=task.new.deadline,
            after=task.new.after,
            retry_of=task.new.retry_of,
            task_sha256=sha256(task.new.task.encode("utf-8", "replace")).hexdigest(),
            base_commit=task.new.worktree.base if task.new.worktree else "",
            turns=tuple(await self.turns(task)),
            attempts=tuple(attempt_detail(one) for one in await self._store.attempts(run_id)),
            decisions=tuple(
                DecisionDetail(at=at, kind=one.kind, text=one.text, data=one.data) for at, one in decisions
            ),
        )


def _same(one: Origin, other: Origin) -> bool:
    """From the same user, in the same way; and where an agent asks, from the same run."""
    return (one.kind, one.principal, one.parent) == (other.kind, other.principal, other.parent)
