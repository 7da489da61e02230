"""A record with much in it: 20,000 ended runs by the store's own writes, and copies of them that lie ten days apart.

200 bytes of task and 2 kB of answer a run. The copies are made by SQL, forty times as fast; only the times inside their
events stay those of the first. Their words go into the index as those of any run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TypeVar

from modelmuxd.domain.bucket import FIELDS
from modelmuxd.domain.usage import Usage
from modelmuxd.store import search
from modelmuxd.store.accept import accept
from modelmuxd.store.claim import start_attempt
from modelmuxd.store.database import open_database
from modelmuxd.store.settle import settle
from store.builders import a_claim, a_task, an_end

FIRST = 20_000
DAYS = 10
DAY_S = 86_400.0
EVERY = DAYS * DAY_S / FIRST
"""Seconds from one end to the next."""
BEGUN = 1_760_054_400.0
"""A midnight of UTC."""
PROVIDERS = ("codex", "claude", "gemini")
FOLDERS = 20
RARE = "zyzzyva"
BATCH = 2000

_TASK = {"task_id": "task_id + :runs"}
_TIMES = {"started_at": "started_at + :seconds", "ended_at": "ended_at + :seconds"}
_RUN_ID = {"run_id": "printf('%06d', id - 1 + :runs) || substr(run_id, 7)"}
_OF_FIRST = f"task_id <= {FIRST}"
_LAST_DAY = int(BEGUN / DAY_S) + DAYS
_COPIED = {
    "tasks": (f"id <= {FIRST}", {"id": "id + :runs", **_RUN_ID, **_TIMES}),
    "requests": (_OF_FIRST, {**_TASK, "created_at": "created_at + :seconds"}),
    "outputs": (_OF_FIRST, _TASK),
    "attempts": (_OF_FIRST, {**_TASK, **_TIMES}),
    "usage": (_OF_FIRST, _TASK),
    "events": (_OF_FIRST, _TASK),
    "statistics": (f"span > 0 AND hour < {_LAST_DAY * 24}", {"hour": "hour + :hours"}),
    "folders": (f"day >= 0 AND day < {_LAST_DAY}", {"day": "day + :days"}),
}
"""Which rows of a table are copied, and what a copy has in place of their values."""
T = TypeVar("T")


def make(path: Path, runs: int) -> None:
    """Fewer than FIRST, or as many copies as are needed. Not durable on the way, which nobody times."""
    with closing(open_database(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for first in range(0, min(FIRST, runs), BATCH):
            _in_one(db, _run, range(first, min(first + BATCH, runs)))
        copies = -(-runs // FIRST)
        for number in range(1, copies):
            _in_one(db, _copy, number)
        summed = ", ".join(f"{name} = {name} * {copies}" for name in FIELDS)
        db.execute(f"UPDATE statistics SET {summed} WHERE span = 0")
        while _in_one(db, lambda db, pages: all(search.catch_up(db) for _ in range(pages)), FIRST // search.PAGE):
            pass


def _in_one(db: sqlite3.Connection, work: Callable[[sqlite3.Connection, T], bool | None], argument: T) -> bool | None:
    """Transaction, and then in the file itself."""
    db.execute("BEGIN")
    more = work(db, argument)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return more


def _run(db: sqlite3.Connection, numbers: range) -> None:
    chance = Random(numbers.start)
    words = [f"w{number:04d}" for number in range(5000)]
    answers = [" ".join(chance.choices(words, k=333)) for _ in range(50)]
    for number in numbers:
        at, provider = BEGUN + number * EVERY, PROVIDERS[number % len(PROVIDERS)]
        task = " ".join(chance.choices(words, k=33)) + (f" {RARE}" if number % FIRST == 7 else "")
        accept(db, a_task(number, created_at=at, task=task, workdir=f"/w/{number % FOLDERS}"), ())
        attempt = start_attempt(db, a_claim(number, provider=provider), 0, at).attempt
        assert attempt is not None
        state, used = "success" if number % 50 else "error", Usage(input=1000, output=500)
        settle(db, an_end(attempt, state=state, output=chance.choice(answers), usage=used), at + 5)


def _copy(db: sqlite3.Connection, number: int) -> None:
    by = {"runs": number * FIRST, "seconds": number * DAYS * DAY_S, "hours": number * DAYS * 24, "days": number * DAYS}
    for table, (which, changed) in _COPIED.items():
        columns = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
        db.execute(f"INSERT INTO {table} SELECT {values} FROM {table} WHERE {which}", by)
    db.execute("INSERT INTO unsearched SELECT id FROM tasks WHERE id > :runs", by)
