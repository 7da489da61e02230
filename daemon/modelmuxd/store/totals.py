"""What a run has spent: all its attempts together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from modelmuxd.domain.bill import Bill
from modelmuxd.domain.usage import Usage


class Spent(NamedTuple):
    """What one attempt told, and what that came to in micro-dollars."""

    usage: Usage | None
    cost: int | None = None
    plan: int | None = None
    bill: Bill | None = None


def totals(attempts: Sequence[Spent]) -> dict[str, object]:
    """The fields of a task that are sums over its attempts, or a composite's over those of its turns."""
    return {
        "usage": total_usage([each.usage for each in attempts]),
        "cost_micros": total_cost(attempts),
        "plan_micros": _sum([each.plan for each in attempts]),
        "priced_by": _priced_by(attempts),
    }


def total_usage(usages: Sequence[Usage | None]) -> Usage | None:
    """None when no attempt told; a single one's as it is; else the buckets' sums, and the last model that answered."""
    told = [usage for usage in usages if usage is not None]
    if len(told) < 2:
        return told[0] if told else None
    return Usage(
        input=sum(each.input for each in told),
        cached=sum(each.cached for each in told),
        cache_write=sum(each.cache_write for each in told),
        output=sum(each.output for each in told),
        reasoning=sum(each.reasoning for each in told),
        cache_write_hour=sum(each.cache_write_hour for each in told),
        model=next((each.model for each in reversed(told) if each.model), ""),
    )


def total_cost(attempts: Sequence[Spent]) -> int | None:
    """Unknown as soon as one attempt spent tokens at an unknown price; one that told nothing counts for nothing."""
    if any(each.usage is not None and each.usage.total and each.cost is None for each in attempts):
        return None
    return _sum([each.cost for each in attempts])


def _sum(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _priced_by(attempts: Sequence[Spent]) -> str:
    """One word when all say the same."""
    words = {each.bill.by for each in attempts if each.bill and each.bill.by}
    return next(iter(words)) if len(words) == 1 else "mixed" if words else ""
