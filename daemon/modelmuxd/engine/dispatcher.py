"""The life of a queued task: admit, claim, run an attempt, decide what follows, settle, and into the queue again.

The one path for everything that runs an agent.
"""

from __future__ import annotations

import logging
import os

import msgspec
from anyio.abc import TaskGroup
from muxwire.faults import INTERNAL, Fault, FaultError
from muxwire.words import FinalState

from modelmuxd.domain.budget import Reserve
from modelmuxd.domain.decision import Held
from modelmuxd.domain.usage import Usage
from modelmuxd.engine import accounts
from modelmuxd.engine.accounts import Accounts
from modelmuxd.engine.admission import Admission, Over, Ready, time_left
from modelmuxd.engine.ask import Ask, ask
from modelmuxd.engine.attempts import Attempts
from modelmuxd.engine.bills import billed
from modelmuxd.engine.budgets import Purses
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.conclude import conclude
from modelmuxd.engine.environment import Secrets
from modelmuxd.engine.governor import Governor
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.inbox import Inbox
from modelmuxd.engine.isolation import Isolation
from modelmuxd.engine.live import Live
from modelmuxd.engine.plan import Plan, Planner, SettingsFor, faults_of, left_by, session_of
from modelmuxd.engine.prices import shipped
from modelmuxd.engine.retry import Tried, counted, guesses, unstarted
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.engine.signals import of_end
from modelmuxd.engine.unheard import ended_with
from modelmuxd.pricing.table import Table
from modelmuxd.store.interface import Stale, StoreFull, TaskStore
from modelmuxd.store.records import Attempt, Claim, Decided, NewTask, Settle, Task

log = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds after which a claim is tried again that was refused for a reason nobody here knows of."""
FULL_AGAIN = 5.0
"""Seconds after which a claim is tried again that the disk had no room for."""
SPENT = "reserve"
"""What runs wait for that a budget holds back."""


class Dispatcher:
    """Takes tasks from the scheduler to their ends."""

    def __init__(
        self,
        *,
        store: TaskStore,
        planner: Planner,
        admission: Admission,
        governor: Governor,
        attempts: Attempts,
        isolation: Isolation,
        scheduler: Scheduler,
        accounts: Accounts,
        secrets: Secrets,
        settings_for: SettingsFor,
        hub: Hub,
        inbox: Inbox,
        purses: Purses,
        clock: Clock,
    ) -> None:
        self._store = store
        self._planner = planner
        self._admission = admission
        self._governor = governor
        self._attempts = attempts
        self._isolation = isolation
        self._scheduler = scheduler
        self._accounts = accounts
        self._secrets = secrets
        self._settings_for = settings_for
        self._hub = hub
        self._inbox = inbox
        self._purses = purses
        self._clock = clock

    async def admit(self, task: Task, tasks: TaskGroup) -> Held | None:
        """Start an attempt of this task if somebody can take it now, or end it; else what holds it."""
        found = await self._admission.look(task)
        if isinstance(found, Held):
            return found
        if isinstance(found, Over):
            await self._end(task, found.state, found.fault, found.plan)
            return None
        self._scheduler.take(found.seat)
        tasks.start_soon(self._conduct, task, found)
        return None

    async def _conduct(self, task: Task, ready: Ready) -> None:
        """One attempt, from the claim to the settle. Whatever happens, the slot comes back and the run has an end."""
        run_id, mark, after = task.new.run_id, self._scheduler.mark, None
        try:
            with self._attempts.under_way(run_id, self.deadline(task, ready.tried)) as live:
                after = await self._attempt(task, ready, live)
        except Stale:
            log.warning("another daemon owns this attempt", extra={"run": run_id})
        except StoreFull:
            log.error("disk full: the attempt was not claimed", extra={"run": run_id})
            text, until = "not before there is room on the disk", self._clock.now() + FULL_AGAIN
            after = Held(reason="not_before", text=text, until=until)
        except Exception:
            log.exception("an attempt failed inside the daemon", extra={"run": run_id})
            await self._abandon(task)
        finally:
            self._scheduler.give_back(run_id)
            self._hub.notify(run_id)
        if isinstance(after, Held):
            self._scheduler.put_back(task, after, mark)
        elif after is not None:
            await self.settled(after)

    def deadline(self, task: Task, tried: list[Attempt], since: float | None = None) -> float:
        """Unix time at which an attempt that starts now, or started at `since`, is ended."""
        until = (self._clock.now() if since is None else since) + time_left(task, tried)
        return until if task.new.deadline is None else min(until, task.new.deadline)

    async def settled(self, task: Task) -> None:
        """Queue what goes on; of what has ended, forget the secrets, tell those that follow it, end those below it."""
        self._inbox.put(task.new)
        if task.ended_at is None:
            self._scheduler.put(task)
            return
        self._secrets.drop(task.new.run_id)
        self._scheduler.drop(task.new.run_id)
        await self._isolation.over(task)
        if task.state in ("canceled", "timeout"):
            await self.cancel_below(task)

    async def cancel_below(self, task: Task) -> None:
        """Cancel the runs that a run's agent has asked for, and theirs: nobody is left to hear of them."""
        for run_id in await self._store.descendants(task.new.run_id):
            await self.cancel(run_id, f"the end of {task.new.run_id}")

    async def cancel(self, run_id: str, by: str) -> Task:
        """Ask for a run's end: at once in the queue; one that runs ends when its tree is dead."""
        task = await self._store.request_cancel(run_id, by, self._clock.now())
        if live := self._attempts.live.get(run_id):
            live.end("canceled")
        if task.ended_at is not None:
            self._secrets.drop(run_id)
            self._scheduler.drop(run_id)
        self._inbox.put(task.new)
        self._hub.notify(run_id)
        return task

    async def _attempt(self, task: Task, ready: Ready, live: Live) -> Task | Held | None:
        folder = f"{task.new.run_id}-{task.attempts + 1}"
        try:
            ask = await self._ask(task, ready, folder)
        except FaultError as error:
            await self._end(task, "error", error.fault, ready.plan)
            return None
        reserve = await self._purses.reserves(task.new, ready.settings, ask.candidate, ask.billing)
        claimed = await self._store.claim(self._claim(task, ready, ask, folder, reserve), self._clock.now())
        if claimed.gone:
            return None
        if claimed.refused:
            await self._end(task, "blocked", claimed.refused, ready.plan)
            return None
        if claimed.attempt is None:
            assert claimed.waiting
            return self._refused(Held(reason=claimed.waiting, text=claimed.text, until=claimed.until), ready)
        await self._accounts.read()  # a half-open circuit is being probed now
        self._inbox.put(task.new)
        self._hub.notify(task.new.run_id)
        try:
            await self._isolation.ready(task)
            ended = await self._attempts.start(task, claimed.attempt, ask, live)
        except FaultError as error:
            ended = ended_with(claimed.attempt, error.fault)
        return await self.conclude(task, claimed.attempt, ended, ready.tried)

    def _refused(self, held: Held, ready: Ready) -> Held:
        """The record knows better than our image of it. Where nothing tells when that changes, it is asked again."""
        if held.reason in ("cooldown", "quota"):
            return msgspec.structs.replace(held, on=(accounts.key(ready.candidate.account),))
        if held.reason == "budget":
            return msgspec.structs.replace(held, on=(SPENT,))
        return msgspec.structs.replace(held, until=held.until or self._clock.now() + AGAIN)

    async def _ask(self, task: Task, ready: Ready, folder: str) -> Ask:
        usage: Usage | None = None
        history: tuple[tuple[str, str], ...] = ()
        session = session_of(task)
        if session:
            usage = await self._store.session_usage(ready.candidate.provider, session)
            history = await self._attempts.history(ready.candidate.provider, session)
        return ask(
            task,
            ready.candidate,
            ready.plan,
            folder=self._attempts.spool / folder,
            settings=ready.settings,
            secrets=self._secrets.of(task.new.run_id),
            session_usage=usage,
            history=history,
            left=left_by(ready.tried, ready.candidate.provider),
            as_root=os.geteuid() == 0,
        )

    def _claim(self, task: Task, ready: Ready, ask: Ask, folder: str, reserve: tuple[Reserve, ...]) -> Claim:
        slots, seat = self._scheduler.slots, ready.seat
        return Claim(
            run_id=task.new.run_id,
            provider=seat.provider,
            account=seat.account,
            model=ask.candidate.model,
            folder=folder,
            argv=ask.invocation.argv,
            cli_version=ask.version,
            enforced=ask.invocation.enforced,
            max_running=slots.limits.running,
            max_account=slots.limits.slots(seat.provider),
            kept=slots.kept,
            depth=seat.depth,
            workdir=seat.workdir,
            root=seat.root,
            calls=self._governor.calls(),
            reserve=reserve,
            billing=ask.billing,
            why=ready.plan.decision.text,
            decisions=(ready.plan.decision,),
            routed=next((one.routed for one in ready.plan.ranked if one.candidate == ready.candidate), None),
        )

    async def conclude(self, task: Task, attempt: Attempt, ended: Settle, tried: list[Attempt]) -> Task:
        """Decide what follows an attempt's end, and write both down in one transaction."""
        live = self._attempts.live.get(task.new.run_id)
        canceling = task.canceling or bool(live and live.ending == "canceled")
        task = msgspec.structs.replace(task, canceling=canceling)
        ended = await self._isolation.ended(task, attempt, ended, live)
        ended = billed(ended, attempt, await self._prices(task), self._clock.now())
        facts = await self._facts(task, attempt, ended, tried)
        signals = of_end(ended, task, attempt, tried, facts.now)
        ended = msgspec.structs.replace(conclude(ended, task, attempt, facts), signals=signals)
        after = await self._attempts.settle(ended)
        await self._accounts.read()
        self._scheduler.free(accounts.key(attempt.account), SPENT)
        self._hub.notify(task.new.run_id)
        return after

    async def _facts(self, task: Task, attempt: Attempt, ended: Settle, tried: list[Attempt]) -> Tried:
        now, new = self._clock.now(), task.new
        tried = [*tried, msgspec.structs.replace(attempt, state=ended.attempt_state, fault=ended.fault, ended_at=now)]
        faults = faults_of(tried, attempt.provider)
        others = await self._others(task, tried) if ended.fault else []
        return Tried(
            provider=attempt.provider,
            same_provider=counted(faults),
            max_retries=new.max_retries,
            failover=new.failover,
            session=bool(session_of(task)),
            answerable=bool(ended.session_id or session_of(task)),
            elsewhere=min((self._accounts.usable_from(one, now) for one in others), default=None),
            larger=bool(others),  # a smaller window is no candidate any more
            repeatable=self._elsewhere(attempt) or harmless(new, attempt),
            unstarted=unstarted(faults),
            limited=guesses(faults),
            on_timeout=self._planner.on_timeout,
            now=now,
            deadline=new.deadline,
        )

    def _elsewhere(self, attempt: Attempt) -> bool:
        live = self._attempts.live.get(attempt.run_id)
        return live is not None and live.elsewhere

    async def _prices(self, task: Task) -> Table:
        """Settings that broke meanwhile must not keep an end from being recorded."""
        try:
            settings = await self._settings_for(task.new.workdir, task.new.profile)
        except FaultError:
            return shipped()
        return shipped().with_said(settings.prices)

    async def _others(self, task: Task, tried: list[Attempt]) -> list[str]:
        """The accounts of other providers that could take the task, now or when a limit ends."""
        try:
            settings = await self._settings_for(task.new.workdir, task.new.profile)
            plan = await self._planner.plan(task, tried, settings)
        except FaultError:
            return []
        last, paused = tried[-1].provider, self._accounts.pauses
        others = [one.candidate for one in plan.ranked if one.candidate.provider != last]
        return [one.account for one in others if one.provider not in paused]

    async def _abandon(self, task: Task) -> None:
        """After a failure of our own: no run may show `running` for ever. The agent has been ended by then."""
        for attempt in await self._store.attempts(task.new.run_id):
            if attempt.ended_at is None:
                ended = msgspec.structs.replace(ended_with(attempt, _internal()), state="error")
                await self.settled(await self._attempts.settle(ended))
                return
        await self._end(task, "error", _internal(), None)

    async def _end(self, task: Task, state: FinalState, fault: Fault, plan: Plan | None) -> None:
        """A task that will not run (any more)."""
        decisions: tuple[Decided, ...] = (plan.decision,) if plan else ()
        ended = await self._store.end(task.new.run_id, state, fault, self._clock.now(), decisions)
        await self.settled(ended)
        self._hub.notify(task.new.run_id)


def harmless(new: NewTask, attempt: Attempt) -> bool:
    """Whether an attempt that vanished can have changed nothing of its caller's."""
    return new.worktree is not None or (new.sandbox == "read-only" and attempt.enforced != "none")


def _internal() -> Fault:
    return Fault(
        code=INTERNAL,
        message="The daemon failed while it ran this task.",
        hint="See `muxctl logs --daemon`; please report it.",
    )
