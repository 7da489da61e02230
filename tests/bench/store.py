"""What the store costs, beside what the disk costs, in one run: `PYTHONPATH=tests python -m bench.store [FOLDER]`.

Every figure is a median; accepts and bare appends take turns, so that both see the same disk at the same time.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, time

import anyio
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.tasks import open_store
from store.builders import a_claim, a_task, an_end, run_id

ROUNDS = 1000
OPENS = 30
TASK = "x" * 200
"""A task of ordinary length."""


class BareDisk:
    """A file that grows by 4 KiB and an fsync at a time: the floor under any durable write."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def append(self) -> float:
        began = perf_counter()
        os.write(self._fd, bytes(4096))
        os.fsync(self._fd)
        return perf_counter() - began


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    began = perf_counter()
    await call()
    return perf_counter() - began


async def one_at_a_time(store: TaskStore, disk: BareDisk) -> None:
    """The three durable writes of a dispatch, each beside a bare append."""
    bare: list[float] = []
    took: dict[str, list[float]] = {"accept": [], "claim": [], "settle": [], "append": [], "find": []}
    for number in range(ROUNDS):
        bare.append(disk.append())
        took["accept"].append(await timed(lambda: store.submit(a_task(number, task=TASK))))  # noqa: B023
        began = perf_counter()
        attempt = (await store.claim(a_claim(number), time())).attempt
        took["claim"].append(perf_counter() - began)
        assert attempt is not None
        took["append"].append(await timed(lambda: store.append(run_id(number), 1, store.epoch, ())))  # noqa: B023
        took["settle"].append(await timed(lambda: store.settle(an_end(attempt, output="ok"), time())))  # noqa: B023
        took["find"].append(await timed(lambda: store.find(run_id(number))))  # noqa: B023
    print(f"bare 4 KiB append + fsync   p50 {1e3 * median(bare):7.3f} ms")
    for name, times in took.items():
        p99 = sorted(times)[len(times) * 99 // 100]
        print(f"{name:27} p50 {1e3 * median(times):7.3f} ms   p99 {1e3 * p99:7.3f} ms")


async def many_at_once(store: TaskStore, submitters: int, first: int) -> None:
    """Accepted tasks in a second, and how long one of them waits."""
    waits: list[float] = []
    each = 3000 // submitters if submitters > 1 else ROUNDS

    async def submit(lane: int) -> None:
        for number in range(first + lane * each, first + (lane + 1) * each):
            waits.append(await timed(partial(store.submit, a_task(number, task=TASK))))  # noqa: PERF401

    began = perf_counter()
    async with anyio.create_task_group() as tasks:
        for lane in range(submitters):
            tasks.start_soon(submit, lane)
    rate = len(waits) / (perf_counter() - began)
    print(f"{submitters:3} submitters: {rate:7.0f} tasks/s   p50 {1e3 * median(waits):7.3f} ms")


async def opening(folder: Path) -> None:
    """A database that is made, and one that is there; each with its first accept, which waits for the writer."""
    disk = BareDisk(folder)
    bare: list[float] = []
    for kind, offset in (("new", 0), ("old", 1)):
        opened: list[float] = []
        accepted: list[float] = []
        for number in range(OPENS):
            bare.append(disk.append())
            began = perf_counter()
            async with open_store(folder / f"{number}.db") as store:
                opened.append(perf_counter() - began)
                await store.submit(a_task(offset, task=TASK))
                accepted.append(perf_counter() - began)
        print(f"open: {kind} database {1e3 * median(opened):6.1f} ms, first task at {1e3 * median(accepted):6.1f} ms")
    print(f"a bare flush meanwhile {1e3 * median(bare):.2f} ms")


async def main(folder: Path) -> None:
    await opening(folder)
    async with open_store(folder / "modelmux.db") as store:
        await one_at_a_time(store, BareDisk(folder))
        for turn, submitters in enumerate((1, 8, 32), 1):
            await many_at_once(store, submitters, turn * 100_000)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as made:
        anyio.run(main, Path(made))
