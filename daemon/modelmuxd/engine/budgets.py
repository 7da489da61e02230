"""What an attempt may need of which budgets, and what is left of each. Days, weeks and months are the local ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from muxwire.budget import BudgetLine, BudgetReport
from muxwire.settings.model import Budget, Budgets

from modelmuxd.domain.bill import Billing
from modelmuxd.domain.bucket import Asked, Dimension
from modelmuxd.domain.budget import Allowance, Purse, Reserve
from modelmuxd.domain.decision import Candidate
from modelmuxd.domain.usage import Usage
from modelmuxd.engine.choice import cheapest
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.plan import Plan, SettingsFor, TaskSettings
from modelmuxd.engine.prices import shipped
from modelmuxd.pricing.reckon import cost
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Attempt, NewTask

MICROS = 1_000_000
PAST = 30 * 24
"""Hours whose attempts tell what the next one may cost."""
TYPICAL = Usage(input=20_000, output=2_000, requests=1)
"""A short answer by an agent with its own long prompt, where no attempt has told yet."""
GUESS = 100_000
"""Micro-dollars, where the price is unknown as well."""
FREE: tuple[Billing, ...] = ("subscription", "local")
"""Whose attempts spend no money."""
PERIODS = ("day", "week", "month")


class Purses:
    """Asked for each claim; the claim itself decides, in its transaction."""

    def __init__(self, store: TaskStore, settings_for: SettingsFor, clock: Clock) -> None:
        self._store = store
        self._settings_for = settings_for
        self._clock = clock

    async def reserves(
        self, new: NewTask, settings: TaskSettings, one: Candidate, billing: Billing
    ) -> tuple[Reserve, ...]:
        """A plan's attempt, and one at home, spends no money: it is counted, and nothing is held back for it."""
        said, free = settings.budgets, billing in FREE
        scopes = scopes_of(said, new, settings.profile_name, one.provider)
        limited = not free and any(getattr(budget, each) is not None for _, _, budget in scopes for each in PERIODS)
        amount = (await self._estimate(settings, one))[0] if limited else 0
        now = self._clock.now()
        return tuple(each for name, key, budget in scopes for each in taken(name, key, budget, amount, now, free=free))

    async def affordable(self, new: NewTask, settings: TaskSettings, plan: Plan) -> Plan:
        """With `then = "cheapest"`, once somebody is too dear: those who are not, the cheapest first. Where nobody is
        cheap enough the plan stays as it is, and the claim refuses."""
        if settings.budgets.then != "cheapest":
            return plan
        wanted = {one.candidate.provider: one for one in plan.ranked}
        costs: dict[str, int] = {}
        for name, one in wanted.items():
            billing = plan.located[name].login.billing
            reserves = await self.reserves(new, settings, one.candidate, billing)
            if all(map(fits, reserves, await self._store.purses(reserves))):
                costs[name] = max(each.amount for each in reserves)
        if not costs or len(costs) == len(wanted):
            return plan
        cheap = sorted(costs, key=costs.__getitem__)
        ranked = tuple(wanted[name] for name in cheap)
        return msgspec.structs.replace(plan, ranked=ranked, decision=cheapest(plan.decision, cheap))

    async def too_dear(
        self, task: NewTask, attempts: Sequence[Attempt], settings: TaskSettings, one: Candidate, billing: Billing
    ) -> str:
        """Why its next attempt may take a run beyond its `max_cost`, or beyond that of one above it; empty when it does
        not. An attempt of which nobody knows what it cost counts as what the next one may cost."""
        if billing in FREE:
            return ""
        limits = await self._store.allowances(task.origin.parent) if task.origin.parent else []
        if task.max_cost_micros is not None:
            limits = [_own(task.run_id, task.max_cost_micros, attempts), *limits]
        if not limits:
            return ""
        amount, how = await self._estimate(settings, one)
        for each in limits:
            left = max(0, each.limit - each.spent - each.unpriced * amount)
            if amount > left:
                whose = "." if each.run_id == task.run_id else f" that {each.run_id} may cost in all."
                return (
                    f"An attempt may cost {_usd(amount)} ({how}), and {_usd(left)} is left of {_usd(each.limit)}{whose}"
                )
        return ""

    async def report(self) -> BudgetReport:
        """Each budget as it stands now. Raises FaultError when the settings cannot be used."""
        now, said = self._clock.now(), (await self._settings_for("", "")).budgets
        reserves = [
            each
            for name, key, budget in every(said)
            for each in taken(name, key, budget, 0, now)
            if each.limit is not None
        ]
        purses = await self._store.purses(reserves)
        return BudgetReport(lines=tuple(map(_line, reserves, purses)), warn=said.warn, then=said.then)

    async def _estimate(self, settings: TaskSettings, one: Candidate) -> tuple[int, str]:
        """What such attempts have cost so far in the mean, whoever paid; else a typical one at its price. And how that
        is known."""
        only: dict[Dimension, tuple[str, ...]] = {"provider": (one.provider,)}
        if one.model:
            only["model"] = (one.model,)
        since = int(self._clock.now()) // 3600 - PAST
        for found in await self._store.sums(Asked(since=since, only=only)):
            counts = found.counts
            priced, worth = counts.attempts - counts.unpriced, counts.cost_micros + counts.plan_micros
            if priced > 0 and worth > 0:
                return -(-worth // priced), "the mean so far"
        price = shipped().with_said(settings.prices).find(one.provider, one.model, self._clock.now())
        return (GUESS, "a guess: its price is unknown") if price is None else (cost(TYPICAL, price), "a short answer")


def scopes_of(said: Budgets, new: NewTask, profile: str, provider: str) -> list[tuple[str, str, Budget]]:
    """The budgets' names, keys and limits that a run is counted in, whether or not they are limited."""
    return [
        ("of all runs", "all", said),
        (f"of {provider}", f"provider:{provider}", said.providers.get(provider, Budget())),
        (f"of the profile {profile}", f"profile:{profile}", said.profiles.get(profile, Budget())),
        (f"of {new.origin.kind} callers", f"origin:{new.origin.kind}", said.origins.get(new.origin.kind, Budget())),
    ]


def every(said: Budgets) -> Iterator[tuple[str, str, Budget]]:
    yield "of all runs", "all", said
    for name, budget in said.providers.items():
        yield f"of {name}", f"provider:{name}", budget
    for name, budget in said.profiles.items():
        yield f"of the profile {name}", f"profile:{name}", budget
    for name, budget in said.origins.items():
        yield f"of {name} callers", f"origin:{name}", budget


def taken(name: str, key: str, budget: Budget, amount: int, now: float, *, free: bool = False) -> Iterator[Reserve]:
    """One reserve for each limited period, or one that only counts."""
    day = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    bucket = f"{key}/{day:%Y-%m-%d}"
    limits = {} if free else {each: limit for each in PERIODS if (limit := getattr(budget, each)) is not None}
    if not limits:
        yield Reserve(bucket=bucket, amount=0 if free else amount)
    for period, limit in limits.items():
        start, end = period_of(period, day)
        yield Reserve(
            bucket=bucket,
            since=f"{key}/{start:%Y-%m-%d}",
            amount=amount,
            limit=round(limit * MICROS),
            name=f"{name} for this {period}",
            until=end.timestamp(),
        )


def period_of(period: str, day: datetime) -> tuple[datetime, datetime]:
    """When the period that a day is in begins and ends.

    >>> [f"{day:%m-%d}" for day in period_of("week", datetime(2026, 11, 25))]
    ['11-23', '11-30']
    >>> [f"{day:%m-%d}" for day in period_of("month", datetime(2026, 12, 31))]
    ['12-01', '01-01']
    """
    if period == "day":
        return day, day + timedelta(days=1)
    if period == "week":
        start = day - timedelta(days=day.weekday())
        return start, start + timedelta(days=7)
    start = day.replace(day=1)
    return start, (start + timedelta(days=32)).replace(day=1)


def fits(reserve: Reserve, gone: Purse) -> bool:
    return reserve.limit is None or gone.spent + gone.held + reserve.amount <= reserve.limit


def _own(run_id: str, limit: int, attempts: Sequence[Attempt]) -> Allowance:
    unknown = [one for one in attempts if one.cost_micros is None and one.billing not in FREE and one.usage]
    spent = sum(one.cost_micros or 0 for one in attempts)
    return Allowance(run_id=run_id, limit=limit, spent=spent, unpriced=sum(1 for one in unknown if one.usage))


def _usd(micros: int) -> str:
    """To the cent, and finer what is less than a few.

    >>> _usd(1_250_000), _usd(1_500), _usd(0)
    ('$1.25', '$0.0015', '$0')
    """
    return f"${micros / MICROS:.2f}" if micros >= 50_000 else f"${micros / MICROS:.6f}".rstrip("0").rstrip(".")


def _line(reserve: Reserve, gone: Purse) -> BudgetLine:
    assert reserve.limit is not None
    assert reserve.until is not None
    left = max(0, reserve.limit - gone.spent - gone.held)
    return BudgetLine(
        name=reserve.name,
        limit_usd=reserve.limit / MICROS,
        spent_usd=gone.spent / MICROS,
        held_usd=gone.held / MICROS,
        left_usd=left / MICROS,
        resets_at=reserve.until,
    )
