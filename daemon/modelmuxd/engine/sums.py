"""Statistics as they are told, made of the kept sums. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

from muxwire.history import Costs, HistoryResult, ProviderCosts, ProviderSums, TrendLine

from modelmuxd.domain.bucket import Bucket, Counts, Sum
from modelmuxd.engine.times import midnight

Key = TypeVar("Key", str, float)

MICROS = 1_000_000
NOBODY = "(none)"
"""What no agent was ever chosen for."""


def stats(found: list[Sum], *, costs: bool) -> HistoryResult:
    by_kind = _added(found, lambda of: of.kind)
    return HistoryResult(
        total=sum(one.counts.calls for one in found),
        by_provider={name: _provider(name, found) for name, counts in _providers(found).items() if counts.calls},
        by_source={kind: counts.calls for kind, counts in by_kind.items() if counts.calls},
        costs=costs_of(found) if costs else None,
    )


def trend(found: list[Sum], by: Literal["hour", "day"]) -> tuple[TrendLine, ...]:
    """One line for each hour or local day in which anything ended, the first one first."""
    begun: Callable[[Bucket], float] = (lambda of: of.hour * 3600.0) if by == "hour" else _day
    every, well = _added(found, begun), _added((one for one in found if one.of.status == "success"), begun)
    return tuple(
        TrendLine(
            at=at,
            calls=counts.calls,
            success=well[at].calls if at in well else 0,
            tokens=counts.tokens,
            cost_usd=counts.cost_micros / MICROS,
            plan_usd=counts.plan_micros / MICROS,
            unpriced=counts.unpriced,
        )
        for at, counts in sorted(every.items())
    )


def _day(of: Bucket) -> float:
    return midnight(of.hour * 3600.0)


def _providers(found: Iterable[Sum]) -> dict[str, Counts]:
    """Those with most runs first."""
    added = _added(found, lambda of: of.provider or NOBODY)
    return dict(sorted(added.items(), key=lambda item: (-item[1].calls, item[0])))


def _provider(name: str, found: Iterable[Sum]) -> ProviderSums:
    mine = [one for one in found if (one.of.provider or NOBODY) == name]
    calls, ms = sum(one.counts.calls for one in mine), sum(one.counts.ms for one in mine)
    success = sum(one.counts.calls for one in mine if one.of.status == "success")
    return ProviderSums(
        calls=calls,
        success=success,
        error=calls - success,
        avg_duration=round(ms / 1000 / calls, 1) if calls else 0.0,
        success_rate=round(100 * success / calls, 1) if calls else 0.0,
    )


def costs_of(found: Iterable[Sum]) -> Costs:
    by_provider = {name: _paid(counts) for name, counts in _providers(found).items() if counts.calls or counts.tokens}
    total = sum((one.counts for one in found), Counts())
    return Costs(
        entries_with_usage=total.told,
        total_input_tokens=_into(total),
        total_output_tokens=_out(total),
        total_cost_usd=total.cost_micros / MICROS,
        plan_usd=total.plan_micros / MICROS,
        unpriced=total.unpriced,
        by_provider=by_provider,
    )


def _paid(counts: Counts) -> ProviderCosts:
    return ProviderCosts(
        calls=counts.calls,
        input_tokens=_into(counts),
        output_tokens=_out(counts),
        total_cost=counts.cost_micros / MICROS,
        plan_usd=counts.plan_micros / MICROS,
        unpriced=counts.unpriced,
    )


def _into(counts: Counts) -> int:
    return counts.input + counts.cached + counts.cache_write


def _out(counts: Counts) -> int:
    return counts.output + counts.reasoning


def _added(found: Iterable[Sum], key: Callable[[Bucket], Key]) -> dict[Key, Counts]:
    added: dict[Key, Counts] = {}
    for one in found:
        named = key(one.of)
        added[named] = added[named] + one.counts if named in added else one.counts
    return added
