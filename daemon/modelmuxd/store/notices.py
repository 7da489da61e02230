"""Who is still to be told of which run's end: written with the end itself, so that a crash loses none."""

from __future__ import annotations

import sqlite3

from modelmuxd.store.records import Notice


def owe(db: sqlite3.Connection, task_id: int, now: float) -> None:
    """In the transaction of the run's end."""
    db.execute(
        "INSERT INTO notices (task_id, target, due) SELECT task_id, value, ? FROM requests, json_each(notify)"
        " WHERE task_id = ?",
        (now, task_id),
    )


def notices(db: sqlite3.Connection, limit: int) -> list[Notice]:
    """Those that are due first."""
    rows = db.execute(
        "SELECT run_id, target, tries, due FROM notices JOIN tasks ON id = task_id ORDER BY due, task_id LIMIT ?",
        (limit,),
    )
    return [Notice(run_id=run_id, target=target, tries=tries, due=due) for run_id, target, tries, due in rows]


def keep(db: sqlite3.Connection, notice: Notice) -> None:
    """Its next try."""
    db.execute(
        "UPDATE notices SET tries = ?, due = ? WHERE target = ? AND task_id = (SELECT id FROM tasks WHERE run_id = ?)",
        (notice.tries, notice.due, notice.target, notice.run_id),
    )


def drop(db: sqlite3.Connection, notice: Notice) -> None:
    """Nobody needs to be told any more."""
    db.execute(
        "DELETE FROM notices WHERE target = ? AND task_id = (SELECT id FROM tasks WHERE run_id = ?)",
        (notice.target, notice.run_id),
    )
