"""How the benchmarks measure and print: interleaved rounds, medians, ratios to the bare interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

PASS = "python -c pass"


def bare_interpreter() -> None:
    """What every client costs at least: a start of this interpreter that does nothing."""
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def interleaved(sides: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each side. Sides take turns, so that a noisy minute hits all of them."""
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, once in sides.items():
            begun = time.perf_counter()
            once()
            samples[name].append(time.perf_counter() - begun)
    return {name: statistics.median(times) for name, times in samples.items()}


def table(rows: Sequence[tuple[str, str, str]]) -> None:
    """What, measured, must."""
    rows = [("what", "measured", "must"), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
