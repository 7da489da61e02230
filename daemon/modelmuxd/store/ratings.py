"""What users think of answers: one for each run. A newer one replaces an earlier one, in what was learned too."""

from __future__ import annotations

import sqlite3

from modelmuxd.domain.knowledge import Retracted, Signal
from modelmuxd.domain.rating import Rating
from modelmuxd.store import knowledge
from modelmuxd.store.rows import RATINGS
from modelmuxd.store.standing import standing


def rate(db: sqlite3.Connection, rating: Rating) -> Rating | None:
    """Returns the one whose place it took. Raises FaultError(NOT_FOUND)."""
    task_id = standing(db, rating.run_id).id
    row = db.execute(f"SELECT {RATINGS.columns} FROM ratings WHERE task_id = ?", (task_id,)).fetchone()  # noqa: S608
    earlier = RATINGS.load(row, run_id=rating.run_id) if row else None
    db.execute("DELETE FROM ratings WHERE task_id = ?", (task_id,))
    db.execute(RATINGS.insert, RATINGS.values(rating, task_id=task_id))
    back: tuple[Signal, ...] = (Retracted(at=rating.at, judged=earlier.judged),) if earlier else ()
    knowledge.learn(db, (*back, rating.judged))
    return earlier


def ratings(db: sqlite3.Connection, limit: int) -> list[Rating]:
    """The newest first."""
    rows = db.execute(
        f"SELECT {RATINGS.columns}, tasks.run_id FROM ratings JOIN tasks ON tasks.id = ratings.task_id"  # noqa: S608
        " ORDER BY ratings.at DESC LIMIT ?",
        (limit,),
    )
    return [RATINGS.load(row, run_id=row[-1]) for row in rows]
