"""What a page, a search and a sum cost when much has ended: `PYTHONPATH=tests python -m bench.history [RUNS [FILE]]`.

The record is made by the store's own writes, 200 bytes of task and 2 kB of answer a run; one made before is used again.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import anyio
import msgspec
from modelmuxd.domain.usage import Usage
from modelmuxd.engine.clock import SystemClock
from modelmuxd.engine.history import History
from modelmuxd.store import search
from modelmuxd.store.accept import accept
from modelmuxd.store.claim import start_attempt
from modelmuxd.store.database import open_database
from modelmuxd.store.settle import settle
from modelmuxd.store.tasks import open_store
from muxwire.history import HistoryParams
from store.builders import a_claim, a_task, an_end, run_id

RUNS = 100_000
ROUNDS = 9
BEGUN = 1_760_000_000.0
EVERY = 60.0
"""Seconds from one end to the next."""
PROVIDERS = ("codex", "claude", "gemini")
BATCH = 2000
RARE = "zyzzyva"
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
        "30 days by day": {"trend": "day", "hours": (_now() - last) / 3600 + 30 * 24},
    }


def make(path: Path, runs: int) -> None:
    """Not durable on the way, which nobody times."""
    chance = Random(1)
    words = [f"w{number:04d}" for number in range(5000)]
    answers = [" ".join(chance.choices(words, k=333)) for _ in range(300)]
    with closing(open_database(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for first in range(0, runs, BATCH):
            db.execute("BEGIN")
            for number in range(first, min(first + BATCH, runs)):
                at, provider = BEGUN + number * EVERY, PROVIDERS[number % len(PROVIDERS)]
                task = " ".join(chance.choices(words, k=33)) + (f" {RARE}" if number % 20_000 == 7 else "")
                accept(db, a_task(number, created_at=at, task=task, workdir=f"/w/{number % 20}"), ())
                attempt = start_attempt(db, a_claim(number, provider=provider), 0, at).attempt
                assert attempt is not None
                state = "success" if number % 50 else "error"
                used = Usage(input=1000, output=500)
                settle(db, an_end(attempt, state=state, output=chance.choice(answers), usage=used), at + 5)
            db.execute("COMMIT")
            while db.execute("BEGIN") and search.catch_up(db):
                db.execute("COMMIT")
            db.execute("COMMIT")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


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
        async for _ in history.each(HistoryParams(limit=0)):
            count += 1
        print(f"all of them, in pages        {count / (perf_counter() - began):8.0f} runs/s")
        print(f"memory                       +{(resident() - before) / MIB:7.1f} MiB")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _now() -> float:
    return SystemClock().now()


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
