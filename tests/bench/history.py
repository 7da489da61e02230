"""What a page, a search and a sum cost when much has ended: `PYTHONPATH=tests python -m bench.history [RUNS [FILE]]`.

A record that was made before is used again: see bench/record.py.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import anyio
import msgspec
from bench.record import BEGUN, EVERY, RARE, make
from modelmuxd.engine.clock import SystemClock
from modelmuxd.engine.history import History
from modelmuxd.store.tasks import open_store
from muxwire.history import HistoryParams
from store.builders import run_id

RUNS = 100_000
ROUNDS = 9
MIB = 1 << 20


def asked(runs: int) -> Mapping[str, dict[str, Any]]:
    last = BEGUN + runs * EVERY
    return {
        "newest 20": {},
        "20 from the middle": {"before": run_id(runs // 2)},
        "20 at the end": {"before": run_id(25)},
        "one provider": {"provider": "codex"},
        "one state": {"status": "error"},
        "one folder": {"workdir": "/w/3"},
        "a folder that is not there": {"workdir": "/none"},
        "a rare word": {"text": RARE},
        "a common word": {"text": "w0001"},
        "stats with costs": {"stats": True, "costs": True},
        "stats of a folder": {"stats": True, "workdir": "/w/3"},
        "30 days by day": {"trend": "day", "since": f"{datetime.fromtimestamp(last - 30 * 24 * 3600):%FT%T}"},
    }


async def measure(path: Path, runs: int) -> None:
    async with open_store(path) as store:
        history = History(store, SystemClock())
        before = resident()
        for name, fields in asked(runs).items():
            params, took = msgspec.convert(fields, HistoryParams), list[float]()
            for _ in range(ROUNDS):
                began = perf_counter()
                await history.ask(params)
                took.append(perf_counter() - began)
            print(f"{name:28} p50 {1e3 * median(took):8.1f} ms   worst {1e3 * max(took):8.1f} ms")
        began, count = perf_counter(), 0
        async for page in history.pages(HistoryParams(limit=0)):
            count += page.count
        print(f"all of them, in pages        {count / (perf_counter() - began):8.0f} runs/s")
        print(f"memory                       +{(resident() - before) / MIB:7.1f} MiB")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main(runs: int, path: Path) -> None:
    began = perf_counter()
    if not path.exists():
        make(path, runs)
        print(f"made in {perf_counter() - began:.0f} s")
    print(f"{runs} runs, {path.stat().st_size / MIB:.0f} MiB")
    anyio.run(measure, path, runs)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else RUNS, Path(sys.argv[2] if len(sys.argv) > 2 else f"{folder}/db")
        )
