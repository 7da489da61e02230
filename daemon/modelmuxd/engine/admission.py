"""Whether a task may start now, and with whom; else what holds it, or why it never will."""

from __future__ import annotations

import os
from collections.abc import Sequence

import anyio.to_thread
import msgspec
from muxwire.faults import BUDGET, DEPENDENCY, NO_PROVIDER, POLICY, Fault, FaultError
from muxwire.words import FINAL_STATES, FinalState, State

from modelmuxd.domain.decision import Candidate, Held
from modelmuxd.engine.accounts import Accounts
from modelmuxd.engine.budgets import Purses
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.environment import Environments
from modelmuxd.engine.governor import Governor
from modelmuxd.engine.plan import Plan, Planner, SettingsFor, TaskSettings, named, session_of
from modelmuxd.engine.slots import Seat, Slots
from modelmuxd.engine.times import span
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Attempt, Task

MEND = 30.0
"""Seconds after which a broken policy is looked at again for those that wait for it."""


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """It may start: with whom, and all that was found out on the way."""

    candidate: Candidate
    seat: Seat
    plan: Plan
    settings: TaskSettings
    tried: list[Attempt]


class Over(msgspec.Struct, frozen=True, kw_only=True):
    """It will not run (any more)."""

    state: FinalState
    fault: Fault
    plan: Plan | None = None


Found = Ready | Held | Over


class Admission:
    """Asks in this order: its deadline, its user, other runs, the queue, its environment, then the candidates.

    The last look at slots, accounts and workdirs is one step, with nothing awaited in it or after it.
    """

    def __init__(
        self,
        *,
        store: TaskStore,
        planner: Planner,
        governor: Governor,
        slots: Slots,
        accounts: Accounts,
        environments: Environments,
        settings_for: SettingsFor,
        purses: Purses,
        clock: Clock,
    ) -> None:
        self._store = store
        self._planner = planner
        self._governor = governor
        self._slots = slots
        self._accounts = accounts
        self._environments = environments
        self._settings_for = settings_for
        self._purses = purses
        self._clock = clock

    async def look(self, task: Task) -> Found:
        return (
            too_late(task, self._clock.now())
            or _asks(task)
            or await self._after(task)
            or self._accounts.paused()
            or self._closed()
            or self._no_slot(task)
            or await self._environments.held(task.new)
            or await self._with_whom(task)
        )

    def _closed(self) -> Held | None:
        """A policy that broke before this daemon started: what was accepted under a good one is kept for its return.
        Nobody tells when the file is mended, so it is looked at again."""
        fault = self._governor.closed()
        return Held(reason="paused", text=f"paused: {fault.message}", until=self._clock.now() + MEND) if fault else None

    async def _after(self, task: Task) -> Held | Over | None:
        if not task.new.after:
            return None
        try:
            states = await self._store.states(task.new.after)
        except FaultError as error:
            return Over(state="error", fault=error.fault)
        for run_id, state in states.items():
            if state in FINAL_STATES and state != "success":
                return Over(state="error", fault=_not_after(run_id, state))
        open_runs = [run_id for run_id, state in states.items() if state != "success"]
        if not open_runs:
            return None
        text = f"dependency: {', '.join(open_runs)} must succeed first"
        return Held(reason="dependency", text=text, on=tuple(f"run:{run_id}" for run_id in open_runs))

    def _no_slot(self, task: Task) -> Held | Over | None:
        full = self._slots.full(task.new.depth)
        if full and (why := self._slots.never(task.new.origin.parent)):
            return Over(state="error", fault=_never(why))
        return full

    async def _with_whom(self, task: Task) -> Found:
        try:
            settings = await self._settings_for(task.new.workdir, task.new.profile)
            tried = await self._store.attempts(task.new.run_id) if task.attempts else []
            if time_left(task, tried) <= 0:
                return Over(state="timeout", fault=_used_up(task))
            plan = await self._planner.plan(task, tried, settings)
            plan = await self._purses.affordable(task.new, settings, plan)
            workdir = await anyio.to_thread.run_sync(written_in, task) if writes(task) else ""
        except FaultError as error:
            return Over(state="error", fault=error.fault)
        if plan.fault:
            fault = tried[-1].fault if tried and tried[-1].fault else plan.fault
            return Over(state="blocked" if fault.code in (POLICY, BUDGET) else "error", fault=fault, plan=plan)
        return self._choose(task, plan, settings, tried, workdir)

    def _choose(
        self, task: Task, plan: Plan, settings: TaskSettings, tried: list[Attempt], workdir: str
    ) -> Ready | Held | Over:
        """The first candidate that nothing holds. Whom the user named is not passed over for want of a slot: that
        comes free; a limit or a pause may take hours."""
        holds: list[Held] = []
        for ranked in plan.ranked:
            seat = seat_of(task, ranked.candidate, workdir)
            held = self._accounts.held(ranked.candidate, task.new.run_id, self._clock.now()) or self._slots.held(seat)
            if held is None:
                return Ready(candidate=ranked.candidate, seat=seat, plan=plan, settings=settings, tried=tried)
            if held.reason == "slots" and (why := self._slots.never(seat.parent, seat)):
                return Over(state="error", fault=_never(why), plan=plan)
            holds.append(held)
            if held.reason == "workdir" or (held.reason == "slots" and ranked.candidate.provider == named(task.new)):
                break
        return together(holds)


def together(holds: Sequence[Held]) -> Held:
    """What holds all candidates, as one: the first one's reason, looked at again as soon as any of them may be free."""
    first = holds[0]
    untils = [held.until for held in holds if held.until is not None]
    return Held(
        reason=first.reason,
        text=" · ".join(dict.fromkeys(held.text for held in holds)),
        until=min(untils, default=None),
        on=tuple(dict.fromkeys(key for held in holds for key in held.on)),
    )


def seat_of(task: Task, candidate: Candidate, workdir: str) -> Seat:
    return Seat(
        run_id=task.new.run_id,
        provider=candidate.provider,
        account=candidate.account,
        root=task.new.root or task.new.run_id,
        depth=task.new.depth,
        parent=task.new.origin.parent,
        workdir=workdir,
        session=session_of(task),
    )


def writes(task: Task) -> bool:
    """Whether it may change files."""
    return task.new.sandbox != "read-only"


def written_in(task: Task) -> str:
    """The real path of the folder it writes in; empty when it writes in none. Looks at the disk."""
    return os.path.realpath(task.new.works_in) if writes(task) else ""


def time_left(task: Task, tried: Sequence[Attempt]) -> float:
    """Seconds that the next attempt may run. All attempts share the run's limit, but what it waits is not counted; and
    after one that used it up, should the settings allow another, the limit counts anew."""
    spent = 0.0
    for one in tried:
        spent += (one.ended_at or one.started_at) - one.started_at
        if one.state == "timeout":
            spent = 0.0
    return task.new.timeout - spent


def too_late(task: Task, now: float) -> Over | None:
    deadline = task.new.deadline
    if deadline is None or now < deadline:
        return None
    waited = f"; it was waiting: {task.waiting_for}" if task.waiting_for else ""
    text = f"Its deadline of {span(deadline - task.new.created_at)} passed before it could end{waited}."
    return Over(state="timeout", fault=Fault("timeout", text, "Send it again with a longer --deadline."))


def _asks(task: Task) -> Held | None:
    return Held(reason="input", text=task.waiting_for) if task.waiting == "input" else None


def _not_after(run_id: str, state: State) -> Fault:
    return Fault(DEPENDENCY, f"It was to follow {run_id}, which ended as {state}.", f"See `muxctl show {run_id}`.")


def _used_up(task: Task) -> Fault:
    text = f"Its attempts have used up the {span(task.new.timeout)} it may run."
    return Fault("timeout", text, "Send it again with a longer --timeout.")


def _never(why: str) -> Fault:
    text = f"This nested run could never start: the runs that wait for it hold {why}."
    return Fault(NO_PROVIDER, text, "Raise that limit under [limits], or ask another provider.")
