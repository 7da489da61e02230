"""The arithmetic of spans, corrections, and what the back-fill makes of a record that had no statistics."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import copy

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.domain.bucket import FIELDS, Bucket, Counts
from modelmuxd.domain.usage import Usage
from modelmuxd.store import buckets
from modelmuxd.store.database import connect, open_database
from modelmuxd.store.migrations import SCHEMA
from modelmuxd.store.tasks import open_store
from muxwire.faults import POLICY, Fault
from muxwire.runs import Origin
from store.builders import a_claim, a_task, an_end, run_id
from store.conformance_statistics import DAY, HOUR, ended

GOLDEN = Path(__file__).parent / "golden" / "state-0.1.db"
hours = st.none() | st.integers(0, 200)
counts = st.builds(Counts, **dict.fromkeys(FIELDS, st.integers(-(2**40), 2**40)))


def rows(db: sqlite3.Connection) -> list[tuple[object, ...]]:
    return db.execute("SELECT * FROM statistics ORDER BY 1, 2, 3, 4, 5, 6, 7, 8").fetchall()


@given(hours, hours)
def test_spans_cover_each_hour_once(since: int | None, until: int | None) -> None:
    spans = buckets.spans_of(since, until)
    if spans == [(buckets.EVER, 0, 1)]:
        assert (since, until) == (None, None)
        return
    covered = [hour for _, start, stop in spans for hour in range(start, min(stop, 300))]
    assert covered == list(range(since or 0, 300 if until is None else until))
    assert all(start % span == 0 and stop % span == 0 for span, start, stop in spans)


@given(counts, counts)
def test_what_was_added_can_be_taken_away(one: Counts, other: Counts) -> None:
    assert one + other - other == one
    assert one - one == Counts()


def test_another_price_moves_the_difference(tmp_path: Path) -> None:
    async def repriced() -> None:
        async with open_store(tmp_path / "modelmux.db") as store:
            await ended(store, 1, HOUR)

    anyio.run(repriced)
    with closing(open_database(tmp_path / "modelmux.db")) as db:
        bucket, before = buckets.of_attempt(db, 1, 1)
        db.execute("UPDATE attempts SET cost_micros = 25")
        assert (
            buckets.of_attempt(db, 1, 1)[0]
            == bucket
            == Bucket(hour=1, provider="codex", account="codex:me", kind="cli", status="success")
        )
        buckets.add(db, bucket, buckets.of_attempt(db, 1, 1)[1] - before)
        assert db.execute("SELECT span, cost_micros, attempts, runs FROM statistics").fetchall() == [
            (span, 25, 1, 1) for span in (buckets.ROUGH, buckets.EVER, buckets.HOUR, buckets.DAY)
        ]


async def _many_ends(path: Path) -> None:
    """One of each kind of end, over days and folders."""
    async with open_store(path) as store:
        for number in range(300):
            where = {"workdir": f"/tmp/{number % 50}", "origin": Origin(kind=("cli", "mcp")[number % 2])}
            await ended(store, number, 1000 * DAY + number * HOUR / 7, **where)
        for number, state in enumerate(("rate_limit", "timeout", "crashed"), 400):
            await store.submit(a_task(number))
            attempt = (await store.claim(a_claim(number, model="m"), 1000 * DAY)).attempt
            assert attempt
            end = an_end(attempt, attempt_state=state, state=None, usage=Usage(output=number), model="really")
            await store.settle(end, 1001 * DAY)
            await store.request_cancel(run_id(number), "x", 1002 * DAY)
        await store.submit(a_task(500, provider="codex/gpt", blocked=Fault(POLICY, "No.", "Ask.")))
        await store.submit(a_task(501))


def test_the_back_fill_says_what_the_writer_would_have_said(tmp_path: Path) -> None:
    path = tmp_path / "modelmux.db"
    anyio.run(_many_ends, path)
    (step,), (rough,) = SCHEMA.glob("*_statistics.sql"), SCHEMA.glob("*_rough_hours.sql")
    with closing(connect(path)) as db:
        kept, folders = rows(db), db.execute("SELECT * FROM folders WHERE day >= 0").fetchall()
        db.executescript("DROP TABLE statistics; DROP TABLE folders;")
        db.executescript(step.read_text("utf-8"))
        db.execute("ALTER TABLE statistics ADD COLUMN plan_micros INTEGER NOT NULL DEFAULT 0")  # came later
        db.executescript(rough.read_text("utf-8"))
        again = rows(db)
    assert len({day for day, _ in folders}) > 1
    ever = [row for row in kept if row[0] == buckets.EVER]
    assert [row for row in again if row[0] == buckets.EVER] == ever
    assert again == kept


@pytest.mark.parametrize("file", [GOLDEN])
def test_what_0_1_left_behind_is_counted(tmp_path: Path, file: Path) -> None:
    copy(file, tmp_path / "modelmux.db")
    with closing(open_database(tmp_path / "modelmux.db")) as db:
        found = db.execute(
            "SELECT provider, kind, status, runs, attempts, cost_micros, unpriced, ms FROM statistics WHERE span = 0"
        ).fetchall()
    assert found == [
        ("", "cli", "blocked", 1, 0, 0, 0, 0),
        ("claude", "mcp", "success", 1, 1, 1500, 0, 20_000),
        ("codex", "mcp", "error", 0, 1, 0, 0, 0),
    ]
