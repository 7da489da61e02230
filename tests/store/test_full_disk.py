"""A disk that is full: nothing accepted is lost, new work is refused by name, and service resumes with space."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest
from modelmuxd.store.database import open_database
from modelmuxd.store.interface import StoreFull, TaskStore
from modelmuxd.store.migrations import integrity
from modelmuxd.store.records import Settle
from modelmuxd.store.tasks import open_store
from muxwire.faults import STORAGE, FaultError
from store.builders import a_task, an_end, run_id, running, settled_down

pytestmark = pytest.mark.anyio


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if not sys.platform.startswith("linux") or os.getuid():
        pytest.skip("only root on Linux can mount a small tmpfs")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not one block left, until this ends."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    try:
        yield
    finally:
        ballast.unlink()


async def submit_until_full(store: TaskStore, first: int) -> tuple[list[int], list[int]]:
    """Which of many tasks at once were accepted, and which were refused."""
    accepted: list[int] = []
    refused: list[int] = []

    async def submit(number: int) -> None:
        try:
            await store.submit(a_task(number, task="x" * 20_000))
            accepted.append(number)
        except StoreFull:
            refused.append(number)

    for batch in range(20):
        async with anyio.create_task_group() as tasks:
            for number in range(16):
                tasks.start_soon(submit, first + batch * 16 + number)
    return accepted, refused


async def test_a_full_disk_refuses_by_name_and_loses_nothing(small_disk: Path) -> None:
    path = small_disk / "modelmux.db"
    async with open_store(path) as store:
        before, _ = await store.submit(a_task(0))
        with filled(small_disk):
            accepted, refused = await submit_until_full(store, 1)
            assert refused
            assert await store.find(run_id(0)) == before
        later, _ = await store.submit(a_task(9999))
        kept = {task.new.run_id for task in await store.unfinished()}
        assert kept == {before.new.run_id, later.new.run_id, *map(run_id, accepted)}
    with closing(open_database(path)) as db:
        assert integrity(db) == []


async def test_everybody_in_a_batch_that_did_not_fit_is_told(small_disk: Path) -> None:
    async with open_store(small_disk / "modelmux.db") as store:
        with filled(small_disk):
            accepted, refused = await submit_until_full(store, 1)
        assert sorted(accepted + refused) == list(range(1, 321))


@pytest.mark.parametrize("before", [0, 300])
async def test_what_runs_can_still_end_on_a_full_disk(small_disk: Path, before: int) -> None:
    """Also after much work, which must not use up the room that is kept."""
    path = small_disk / "modelmux.db"
    async with open_store(path) as store:
        await settled_down(path)
        for number in range(before):
            await store.submit(a_task(1000 + number))
        attempts = [await running(store, number) for number in range(30)]
        with filled(small_disk):
            for attempt in attempts:
                await settle_as_the_engine_does(store, an_end(attempt, output="x" * 2000))
        assert len(await store.recent(100)) == 30


async def settle_as_the_engine_does(store: TaskStore, end: Settle) -> None:
    """Once more when it did not fit: by then the log was written back."""
    try:
        await store.settle(end, 5.0)
    except StoreFull:
        await store.settle(end, 5.0)


async def test_a_full_disk_at_start_is_a_fault_and_nothing_is_lost(small_disk: Path) -> None:
    path = small_disk / "modelmux.db"
    async with open_store(path) as store:
        await store.submit(a_task(0))
    with filled(small_disk), pytest.raises(FaultError) as caught:
        async with open_store(path):
            pass
    assert caught.value.fault.code == STORAGE
    assert "full" in caught.value.fault.message
    async with open_store(path) as store:
        assert len(await store.unfinished()) == 1
