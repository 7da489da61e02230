"""The life of a queued task: plan, claim, run an attempt, decide what follows, settle, and into the queue again.

The one path for everything that runs an agent.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
from anyio.abc import TaskGroup
from muxwire.faults import INTERNAL, Fault, FaultError
from muxwire.runs import CallerEnv
from muxwire.words import WaitReason

from modelmuxd.domain.decision import Candidate
from modelmuxd.engine.attempts import Attempts, Live, ended_with
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.conclude import conclude
from modelmuxd.engine.environment import Secrets
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.plan import Ask, Plan, Planner, TaskSettings
from modelmuxd.engine.retry import Tried
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.store.interface import Attempt, Claim, Decided, Settle, Stale, StoreFull, Task, TaskStore

log = logging.getLogger(__name__)


LoginEnvironment = Callable[[], Awaitable[CallerEnv]]
"""The login shell's environment, read once."""


class SettingsFor(Protocol):
    async def __call__(self, workdir: str, profile: str) -> TaskSettings:
        """Raises FaultError when the settings in force cannot be used."""
        ...


class Dispatcher:
    """Takes tasks from the scheduler to their ends."""

    def __init__(
        self,
        *,
        store: TaskStore,
        planner: Planner,
        attempts: Attempts,
        scheduler: Scheduler,
        secrets: Secrets,
        settings_for: SettingsFor,
        login_environment: LoginEnvironment,
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._store = store
        self._planner = planner
        self._attempts = attempts
        self._scheduler = scheduler
        self._secrets = secrets
        self._settings_for = settings_for
        self._login_environment = login_environment
        self._hub = hub
        self._clock = clock

    async def admit(self, task: Task, tasks: TaskGroup) -> bool:
        """Start an attempt of this task if somebody can take it now. True when the task needs no place in the queue."""
        if not await self._has_environment(task):
            await self._wait(task, "environment", f"environment: {', '.join(task.new.env_names)} of its caller")
            return False
        try:
            settings = await self._settings_for(task.new.workdir, task.new.profile)
            tried = await self._store.attempts(task.new.run_id) if task.attempts else []
            plan = await self._planner.plan(task.new, tried, settings)
        except FaultError as error:
            await self._end(task, error.fault, None)
            return True
        if plan.fault:
            await self._end(task, tried[-1].fault if tried and tried[-1].fault else plan.fault, plan)
            return True
        chosen = next((one.candidate for one in plan.ranked if self._scheduler.free(one.candidate)), None)
        if chosen is None:
            best = plan.ranked[0].candidate
            slots = self._scheduler.limits.slots(best.provider)
            await self._wait(task, "slots", f"slots: {best.account} has {slots} of {slots} running")
            return False
        self._scheduler.take(chosen.account)
        tasks.start_soon(self._conduct, task, chosen, plan, settings, tried)
        return True

    async def _has_environment(self, task: Task) -> bool:
        """Secrets are never stored, so after a restart they come from the login shell or the next client."""
        run_id, names = task.new.run_id, task.new.env_names
        if not self._secrets.missing(run_id, names):
            return True
        login = await self._login_environment()
        return self._secrets.refill(run_id, names, login.values)

    async def _wait(self, task: Task, reason: WaitReason, text: str) -> None:
        if task.waiting_for == text:
            return
        waiting = await self._store.wait_for(task.new.run_id, reason, text, task.not_before, self._clock.now())
        self._scheduler.replace(waiting)
        self._hub.notify(task.new.run_id)

    async def _conduct(
        self, task: Task, chosen: Candidate, plan: Plan, settings: TaskSettings, tried: list[Attempt]
    ) -> None:
        """One attempt, from the claim to the settle. Whatever happens, the slot comes back and the run has an end."""
        run_id = task.new.run_id
        deadline = (task.started_at or self._clock.now()) + task.new.timeout
        try:
            with self._attempts.under_way(run_id, deadline) as live:
                after = await self._attempt(task, chosen, plan, settings, tried, live)
        except Stale:
            log.warning("another daemon owns this attempt", extra={"run": run_id})
        except StoreFull:
            log.error("disk full: the attempt was not claimed", extra={"run": run_id})
            self._scheduler.put(msgspec.structs.replace(task, not_before=self._clock.now() + 5))
        except Exception:
            log.exception("an attempt failed inside the daemon", extra={"run": run_id})
            await self._abandon(task)
        else:
            self.settled(after)
        finally:
            self._scheduler.give_back(chosen.account)
            self._hub.notify(run_id)

    def settled(self, task: Task | None) -> None:
        """Queue what goes on; forget the secrets of what has ended."""
        if task is None:
            return
        if task.ended_at is None:
            self._scheduler.put(task)
        else:
            self._secrets.drop(task.new.run_id)

    async def _attempt(
        self,
        task: Task,
        chosen: Candidate,
        plan: Plan,
        settings: TaskSettings,
        tried: list[Attempt],
        live: Live,
    ) -> Task | None:
        folder = f"{task.new.run_id}-{task.attempts + 1}"
        try:
            ask = await self._ask(task, chosen, plan, settings, folder)
        except FaultError as error:
            await self._end(task, error.fault, plan)
            return None
        claimed = await self._store.claim(self._claim(task, ask, plan, folder), self._clock.now())
        if claimed.gone:
            return None
        if claimed.attempt is None:
            assert claimed.waiting
            return await self._store.wait_for(task.new.run_id, claimed.waiting, claimed.text, None, self._clock.now())
        self._hub.notify(task.new.run_id)
        ended = await self._attempts.start(task, claimed.attempt, ask, live)
        return await self.conclude(task, claimed.attempt, ended, tried, others=len(plan.ranked) - 1)

    async def _ask(self, task: Task, chosen: Candidate, plan: Plan, settings: TaskSettings, folder: str) -> Ask:
        usage = None
        if task.new.session_id:
            usage = await self._store.session_usage(chosen.provider, task.new.session_id)
        return self._planner.ask(
            task.new,
            chosen,
            plan,
            folder=self._attempts.spool / folder,
            settings=settings,
            secrets=self._secrets.of(task.new.run_id),
            session_usage=usage,
            as_root=os.geteuid() == 0,
        )

    def _claim(self, task: Task, ask: Ask, plan: Plan, folder: str) -> Claim:
        limits = self._scheduler.limits
        return Claim(
            run_id=task.new.run_id,
            provider=ask.candidate.provider,
            account=ask.candidate.account,
            model=ask.candidate.model,
            folder=folder,
            argv=ask.invocation.argv,
            cli_version=ask.version,
            enforced=ask.invocation.enforced,
            max_running=limits.running,
            max_account=limits.slots(ask.candidate.provider),
            why=plan.decision.text,
            decisions=(plan.decision,),
        )

    async def conclude(
        self,
        task: Task,
        attempt: Attempt,
        ended: Settle,
        tried: list[Attempt],
        *,
        others: int,
        never_started: bool = False,
    ) -> Task:
        """Decide what follows an attempt's end, and write both down in one transaction."""
        same = 1 + sum(one.provider == attempt.provider for one in tried)
        facts = Tried(
            same_provider=same,
            max_retries=task.new.max_retries,
            failover=task.new.failover,
            others=others,
            session=bool(task.new.session_id),
            repeatable=never_started or (task.new.sandbox == "read-only" and attempt.enforced != "none"),
        )
        live = self._attempts.live.get(task.new.run_id)
        canceling = task.canceling or bool(live and live.ending == "canceled")
        task = msgspec.structs.replace(task, canceling=canceling)
        return await self._attempts.settle(
            conclude(ended, task, facts, provider=attempt.provider, now=self._clock.now())
        )

    async def _abandon(self, task: Task) -> None:
        """After a failure of our own: no run may show `running` for ever. The agent has been ended by then."""
        for attempt in await self._store.attempts(task.new.run_id):
            if attempt.ended_at is None:
                ended = msgspec.structs.replace(ended_with(attempt, _internal()), state="error")
                self.settled(await self._attempts.settle(ended))
                return
        await self._end(task, _internal(), None)

    async def _end(self, task: Task, fault: Fault, plan: Plan | None) -> None:
        """A task that will not run (any more)."""
        decisions: tuple[Decided, ...] = (plan.decision,) if plan else ()
        ended = await self._store.end(task.new.run_id, "error", fault, self._clock.now(), decisions)
        self.settled(ended)
        self._hub.notify(task.new.run_id)


def _internal() -> Fault:
    return Fault(
        code=INTERNAL,
        message="The daemon failed while it ran this task.",
        hint="See `muxctl logs --daemon`; please report it.",
    )
