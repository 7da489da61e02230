"""Statistics as sums: which bucket something counts in, and what was counted there."""

from __future__ import annotations

from operator import add, sub
from typing import Literal

import msgspec
from msgspec.structs import astuple

Dimension = Literal["provider", "model", "account", "kind", "workdir", "status"]

ELSEWHERE = "*"
"""The workdir of what has no bucket of its own: so many folders that their names would outnumber the runs."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """What counts together."""

    hour: int
    """Hours since 1970 (UTC) at the end of what is counted."""
    provider: str = ""
    """Empty: no agent was ever chosen."""
    model: str = ""
    account: str = ""
    kind: str = ""
    """Of the origin: cli, mcp …"""
    workdir: str = ""
    status: str = ""
    """A final state, of a run or of one attempt."""


class Counts(msgspec.Struct, frozen=True):
    """Sums, each of them a whole number, so that what was added can be taken away again to the last digit."""

    runs: int = 0
    """Ended runs; a composite is one, its members are none."""
    calls: int = 0
    """Ended runs that ask one agent: all but composites, which ask by their members."""
    attempts: int = 0
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    cost_micros: int = 0
    """Of those attempts whose cost is known."""
    unpriced: int = 0
    """Attempts that have cost something nobody knows."""
    told: int = 0
    """Attempts that told their tokens."""
    plan_micros: int = 0
    """What plans have paid for, at list price as far as it is known; no part of the cost."""
    ms: int = 0
    """From the first attempt's start to the end, of calls."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(*map(add, astuple(self), astuple(other)))

    def __sub__(self, other: Counts) -> Counts:
        """With `__add__`, how a correction is told: the new less the old."""
        return Counts(*map(sub, astuple(self), astuple(other)))

    @property
    def tokens(self) -> int:
        return self.input + self.cached + self.cache_write + self.output + self.reasoning


FIELDS = Counts.__struct_fields__


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which buckets to add up, in whole hours; empty filters let everything pass."""

    since: int | None = None
    """The first hour, as in `Bucket.hour`; None: from the beginning."""
    until: int | None = None
    """The hour before which to stop; None: to the end."""
    only: dict[Dimension, tuple[str, ...]] = {}
    by: tuple[Dimension, ...] = ()
    """One sum for each combination of these."""
    each: Literal["", "hour", "day"] = ""
    """One sum for each hour or each day of this machine's time zone as well."""


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """The sum over all buckets that share what was asked `by`; the other fields of `of` are empty."""

    of: Bucket
    """Its `hour` is the first one that it holds, and 0 where not `each` hour or day was asked for."""
    counts: Counts
