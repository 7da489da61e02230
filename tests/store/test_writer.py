"""One writer, many who wait for it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from anyio.abc import TaskGroup
from modelmuxd.store.database import connect
from modelmuxd.store.writer import CHECKPOINT_ROWS, OVERDUE_ROWS, Writer
from muxwire.faults import STORAGE, FaultError
from store.builders import eventually

pytestmark = pytest.mark.anyio


class Bench:
    """A writer on a table of words, whose thread can be held up so that jobs queue."""

    def __init__(self, path: Path) -> None:
        self.path = path
        db = connect(path)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("PRAGMA busy_timeout = 20")
        db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER)")
        db.execute("CREATE TABLE reserve (bytes BLOB)")
        db.execute("CREATE TABLE words (word TEXT NOT NULL)")
        self.transactions: list[int] = []
        """How durable each one was, as SQLite numbers it: 2 is FULL, 1 is NORMAL."""
        self.writer = Writer(db, self._count)
        self._held = threading.Event()
        self._go_on = threading.Event()

    def _count(self, db: sqlite3.Connection) -> None:
        self.transactions.append(db.execute("PRAGMA synchronous").fetchone()[0])

    async def add(self, word: str, *, durable: bool = True) -> str:
        def work(db: sqlite3.Connection) -> str:
            db.execute("INSERT INTO words VALUES (?)", (word,))
            if word == "bad":
                raise ValueError(word)
            return word.upper()

        return await self.writer.write(work, durable=durable)

    async def hold(self, tasks: TaskGroup) -> None:
        """Keep the thread busy until `release`."""

        def work(db: sqlite3.Connection) -> bool:
            self._held.set()
            return self._go_on.wait(20)

        tasks.start_soon(self.writer.write, work)
        assert await anyio.to_thread.run_sync(self._held.wait, 20)

    def release(self) -> None:
        self._go_on.set()

    def words(self) -> list[str]:
        db = connect(self.path)
        try:
            return [row[0] for row in db.execute("SELECT word FROM words ORDER BY rowid")]
        finally:
            db.close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "words.db")
    try:
        yield bench
    finally:
        bench.release()
        await bench.writer.aclose()


async def queued() -> None:
    """Let every task that was started hand its job over."""
    await anyio.wait_all_tasks_blocked()


async def test_a_write_is_answered_after_it_was_committed(bench: Bench) -> None:
    assert await bench.add("a") == "A"
    assert bench.words() == ["a"]


async def test_thirty_two_submitters_share_a_flush(bench: Bench) -> None:
    async with anyio.create_task_group() as tasks:
        await bench.hold(tasks)
        for number in range(32):
            tasks.start_soon(bench.add, str(number))
        await queued()
        bench.release()
    assert bench.words() == [str(number) for number in range(32)]
    assert len(bench.transactions) == 2, "one for the job that held the thread, one for all the others"


async def test_a_job_that_fails_hurts_nobody_else(bench: Bench) -> None:
    failed: list[str] = []

    async def add(word: str) -> None:
        try:
            await bench.add(word)
        except ValueError as error:
            failed.append(str(error))

    async with anyio.create_task_group() as tasks:
        await bench.hold(tasks)
        for word in ("a", "bad", "b"):
            tasks.start_soon(add, word)
        await queued()
        bench.release()
    assert (bench.words(), failed) == (["a", "b"], ["bad"])


async def test_a_job_that_fails_alone_leaves_nothing(bench: Bench) -> None:
    with pytest.raises(ValueError, match="bad"):
        await bench.add("bad")
    await bench.add("a")
    assert bench.words() == ["a"]


async def test_a_cancelled_waiter_still_gets_its_answer(bench: Bench) -> None:
    answers: list[str] = []

    async def add() -> None:
        answers.append(await bench.add("a"))

    async with anyio.create_task_group() as tasks:
        await bench.hold(tasks)
        tasks.start_soon(add)
        await queued()
        tasks.cancel_scope.cancel()
        bench.release()
    assert (bench.words(), answers) == (["a"], ["A"])


async def test_a_waiter_that_asyncio_cancels_is_written_all_the_same(bench: Bench) -> None:
    async with anyio.create_task_group() as tasks:
        await bench.hold(tasks)
        waiting = asyncio.ensure_future(bench.add("a"))
        await queued()
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        bench.release()
    await bench.add("b")
    assert bench.words() == ["a", "b"]


async def test_progress_alone_is_not_flushed(bench: Bench) -> None:
    await bench.add("a", durable=False)
    await bench.add("b")
    assert bench.transactions == [1, 2]


async def test_progress_beside_a_durable_write_is_flushed(bench: Bench) -> None:
    async with anyio.create_task_group() as tasks:
        await bench.hold(tasks)
        tasks.start_soon(lambda: bench.add("a", durable=False))
        tasks.start_soon(bench.add, "b")
        await queued()
        bench.release()
    assert bench.transactions == [2, 2]


async def test_closing_commits_what_was_handed_over(bench: Bench) -> None:
    async with anyio.create_task_group() as tasks:
        await bench.hold(tasks)
        tasks.start_soon(bench.add, "a")
        await queued()
        tasks.start_soon(bench.writer.aclose)
        await queued()
        bench.release()
    assert bench.words() == ["a"]
    with pytest.raises(FaultError) as caught:
        await bench.add("late")
    assert caught.value.fault.code == STORAGE
    assert not [thread for thread in threading.enumerate() if thread.name == "store-writer" and thread.is_alive()]


async def test_a_lock_held_by_somebody_else_is_a_fault_and_passes(bench: Bench) -> None:
    other = connect(bench.path)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(FaultError) as caught:
            await bench.add("a")
        assert caught.value.fault.code == STORAGE
        other.execute("ROLLBACK")
        await bench.add("b")
    finally:
        other.close()
    assert bench.words() == ["b"]


async def test_the_log_is_written_back_though_it_is_never_quiet(bench: Bench) -> None:
    """The same log is used again and again: it holds little more than what comes between two checkpoints."""

    def work(db: sqlite3.Connection) -> None:
        db.executemany("INSERT INTO words VALUES (?)", [("x" * 2000,)] * 100)

    log = bench.path.with_name("words.db-wal")
    sizes: list[int] = []
    for _ in range(4):
        for _ in range(OVERDUE_ROWS // 100):
            await bench.writer.write(work, durable=False)
        sizes.append(log.stat().st_size)
    assert sizes[-1] <= sizes[0] * 1.5


async def test_the_log_is_written_back_when_it_is_quiet(bench: Bench) -> None:
    def work(db: sqlite3.Connection) -> None:
        db.executemany("INSERT INTO words VALUES (?)", [("x" * 2000,)] * CHECKPOINT_ROWS)

    def pages() -> int:
        return bench.path.stat().st_size // 4096

    await bench.writer.write(work)
    assert pages() < CHECKPOINT_ROWS // 2
    await eventually(lambda: pages() >= CHECKPOINT_ROWS // 2)


async def test_what_may_be_done_behind_waits_for_a_quiet_moment(tmp_path: Path) -> None:
    db = connect(tmp_path / "words.db")
    db.execute("CREATE TABLE reserve (bytes BLOB)")
    db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER)")
    db.execute("CREATE TABLE words (word TEXT NOT NULL)")
    left = [3]

    def behind(db: sqlite3.Connection) -> bool:
        db.execute("INSERT INTO words VALUES (?)", (str(left[0]),))
        left[0] -= 1
        return left[0] > 0

    writer = Writer(db, lambda db: None, behind)
    try:
        await eventually(lambda: left[0] == 0)
    finally:
        await writer.aclose()
    db = connect(tmp_path / "words.db")
    assert [row[0] for row in db.execute("SELECT word FROM words")] == ["3", "2", "1"]
    db.close()
