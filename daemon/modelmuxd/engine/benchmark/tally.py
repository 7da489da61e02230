"""What a benchmark's cells came to, with how sure that is. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt

import msgspec
from muxwire.benchmark import BenchmarkLine
from muxwire.runs import Cost

from modelmuxd.engine.benchmark.cells import Cell, Verdict
from modelmuxd.engine.results import duration_of
from modelmuxd.store.records import Task

Z = 1.959964
"""Standard deviations that hold 95 %."""


class Done(msgspec.Struct, frozen=True):
    """A cell whose run has ended."""

    cell: Cell
    task: Task
    verdict: Verdict

    @property
    def seconds(self) -> float:
        """The agent's own: without what its check took."""
        checked = self.task.verified.seconds if self.task.verified else 0.0
        return max(0.0, round(duration_of(self.task, 0.0) - checked, 3))


def wilson(good: int, runs: int) -> tuple[float, float]:
    """The interval of Wilson (1927) for a share, which stays right for few runs and at 0 and 1.

    >>> wilson(9, 10), wilson(0, 3), wilson(0, 0)
    ((0.596, 0.982), (0.0, 0.562), (0.0, 1.0))
    """
    if not runs:
        return 0.0, 1.0
    share, spread = good / runs, Z * Z / runs
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / runs + spread / (4 * runs)) / (1 + spread)
    return round(max(0.0, middle - half), 3), round(min(1.0, middle + half), 3)


def lines_of(done: Iterable[Done], seats: Sequence[str]) -> tuple[BenchmarkLine, ...]:
    """Each agent as a whole, in the order of `seats`, then by kind; what was not reached does not count."""
    counted = [one for one in done if one.verdict != "unreached"]
    whole = [_line(seat, "", [one for one in counted if one.cell.seat == seat]) for seat in seats]
    by_kind: defaultdict[tuple[str, str], list[Done]] = defaultdict(list)
    for one in counted:
        by_kind[one.cell.exercise.kind, one.cell.seat].append(one)
    parts = [_line(seat, kind, found) for (kind, seat), found in sorted(by_kind.items())]
    return tuple(line for line in (*whole, *parts) if line.runs)


def _line(seat: str, kind: str, found: Sequence[Done]) -> BenchmarkLine:
    good = sum(one.verdict == "passed" for one in found)
    low, high = wilson(good, len(found))
    return BenchmarkLine(
        provider=seat,
        kind=kind,
        passed=good,
        runs=len(found),
        low=low,
        high=high,
        seconds=_median(sorted(one.seconds for one in found)),
        cost=total([one.task.cost_micros for one in found]),
    )


def _median(values: Sequence[float]) -> float | None:
    """Of sorted values."""
    if not values:
        return None
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def total(micros: Sequence[int | None]) -> Cost:
    """Unknown as soon as one is: what is not known is never counted as nothing."""
    known = [one for one in micros if one is not None]
    return Cost(usd=sum(known) / 1_000_000, source="provider") if len(known) == len(micros) else Cost(usd=None)
