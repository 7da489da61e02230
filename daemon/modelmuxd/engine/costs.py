"""What runs came to, from the sums that are kept with each end; and the past priced anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from muxwire.costs import By, CostLine, CostsParams, CostsResult

from modelmuxd.domain.bill import Bill
from modelmuxd.domain.bucket import ELSEWHERE, Asked, Counts, Dimension, Sum
from modelmuxd.domain.budget import Repriced
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.plan import SettingsFor
from modelmuxd.engine.prices import shipped
from modelmuxd.engine.times import midnight
from modelmuxd.pricing.reckon import bill
from modelmuxd.pricing.table import Table
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Attempt

HOUR = 3600
MICROS = 1_000_000
PAGE = 500
"""Attempts priced anew in one transaction."""
_DIMENSIONS: dict[By, Dimension] = {
    "model": "model",
    "provider": "provider",
    "account": "account",
    "origin": "kind",
    "workdir": "workdir",
}


class Costs:
    def __init__(self, store: TaskStore, settings_for: SettingsFor, clock: Clock) -> None:
        self._store = store
        self._settings_for = settings_for
        self._clock = clock

    async def show(self, params: CostsParams) -> CostsResult:
        """By day in their order, else the dearest first."""
        first = midnight(self._clock.now()) - (params.days - 1) * 24 * HOUR
        since = int(midnight(first + 12 * HOUR)) // HOUR  # noon: a day of 23 or 25 hours lies between
        if params.by == "day":
            sums = await self._store.sums(Asked(since=since, each="day"))
            named = _together((_day(each.of.hour), each.counts) for each in sums)
            lines = [_line(name, named[name]) for name in sorted(named)]
        else:
            sums = await self._store.sums(Asked(since=since, by=(_DIMENSIONS[params.by],)))
            named = _together((_name(each, _DIMENSIONS[params.by]), each.counts) for each in sums)
            lines = sorted((_line(*each) for each in named.items()), key=_dearest)
        total = sum(named.values(), Counts())
        shown = tuple(line for line in lines if line.attempts)
        return CostsResult(by=params.by, days=params.days, lines=shown, total=_line("total", total))

    async def reprice(self) -> CostsResult:
        """By the prices that hold now for the day of each end. A figure of the CLI's own stays, unless the user has set
        a price. Raises FaultError when the settings cannot be used."""
        table = shipped().with_said((await self._settings_for("", "")).prices)
        after, changed = (0, 0), 0
        while page := await self._store.ended_attempts(after, PAGE):
            anew = [found for _, attempt in page if (found := repriced(attempt, table))]
            if anew:
                await self._store.reprice(anew, self._clock.now())
            changed, after = changed + len(anew), page[-1][0]
        return CostsResult(repriced=changed)


def repriced(attempt: Attempt, table: Table) -> Repriced | None:
    """None where nothing changes, or where nobody told the tokens."""
    if attempt.usage is None or attempt.ended_at is None:
        return None
    old = attempt.bill or Bill(billing=attempt.billing, reported=attempt.cost_micros)
    new = bill(
        attempt.usage,
        provider=attempt.provider,
        model=attempt.model,
        billing=old.billing,
        reported=old.reported,
        table=table,
        at=attempt.ended_at,
    )
    if (new.cost, new.plan) == (attempt.cost_micros, attempt.plan_micros):
        return None
    return Repriced(run_id=attempt.run_id, number=attempt.number, bill=new)


def _together(counted: Iterable[tuple[str, Counts]]) -> dict[str, Counts]:
    sums: dict[str, Counts] = {}
    for name, counts in counted:
        sums[name] = sums.get(name, Counts()) + counts
    return sums


def _day(hour: int) -> str:
    return f"{datetime.fromtimestamp(hour * HOUR):%Y-%m-%d}"


def _name(one: Sum, dimension: Dimension) -> str:
    name: str = getattr(one.of, dimension)
    return "others" if name == ELSEWHERE else name or "unknown"


def _line(name: str, counts: Counts) -> CostLine:
    return CostLine(
        name=name,
        attempts=counts.attempts,
        tokens=counts.tokens,
        cost_usd=counts.cost_micros / MICROS,
        plan_usd=counts.plan_micros / MICROS,
        unpriced=counts.unpriced,
    )


def _dearest(line: CostLine) -> tuple[float, float, int, str]:
    return -line.cost_usd, -line.plan_usd, -line.tokens, line.name
