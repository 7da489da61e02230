"""What a run has spent: all its attempts together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from modelmuxd.domain.usage import Usage

Spent = tuple[Usage | None, int | None]
"""What one attempt told: its tokens, its micro-dollars."""


def total_usage(attempts: Sequence[Spent]) -> Usage | None:
    """None when no attempt told; a single one's as it is; else the buckets' sums, and the last model that answered."""
    told = [usage for usage, _ in attempts if usage is not None]
    if len(told) < 2:
        return told[0] if told else None
    return Usage(
        input=sum(each.input for each in told),
        cached=sum(each.cached for each in told),
        cache_write=sum(each.cache_write for each in told),
        output=sum(each.output for each in told),
        reasoning=sum(each.reasoning for each in told),
        model=next((each.model for each in reversed(told) if each.model), ""),
    )


def total_cost(attempts: Sequence[Spent]) -> int | None:
    """Unknown as soon as one attempt spent tokens at an unknown price; one that told nothing counts for nothing."""
    if any(usage is not None and usage.total and cost is None for usage, cost in attempts):
        return None
    known = [cost for _, cost in attempts if cost is not None]
    return sum(known) if known else None
