"""The past priced anew: the old figures go on record, the sums change by the difference.

What budgets have spent stays: they count what was known when it was spent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from modelmuxd.domain.budget import Repriced
from modelmuxd.store import buckets
from modelmuxd.store.lookup import load_spent, load_spent_by_turns
from modelmuxd.store.rows import to_column
from modelmuxd.store.standing import standing
from modelmuxd.store.totals import Spent, totals


def reprice(db: sqlite3.Connection, anew: Sequence[Repriced], now: float) -> None:
    tasks: dict[int, None] = {}
    for one in anew:
        task_id = standing(db, one.run_id).id
        _attempt(db, task_id, one, now)
        tasks[task_id] = None
    composites: dict[str, None] = {}
    for task_id in tasks:
        _sum_up(db, task_id, load_spent(db, task_id))
        (part_of,) = db.execute("SELECT part_of FROM requests WHERE task_id = ?", (task_id,)).fetchone()
        composites |= {part_of: None} if part_of else {}
    for run_id in composites:
        row = db.execute("SELECT id FROM tasks WHERE run_id = ? AND ended_at IS NOT NULL", (run_id,)).fetchone()
        if row:
            _sum_up(db, row[0], load_spent_by_turns(db, run_id))


def _attempt(db: sqlite3.Connection, task_id: int, one: Repriced, now: float) -> None:
    bucket, before = buckets.of_attempt(db, task_id, one.number)
    db.execute(
        "INSERT INTO repricings (task_id, number, at, cost_micros, plan_micros, bill)"
        " SELECT task_id, number, ?, cost_micros, plan_micros, bill FROM attempts WHERE task_id = ? AND number = ?",
        (now, task_id, one.number),
    )
    db.execute(
        "UPDATE attempts SET cost_micros = ?, plan_micros = ?, bill = ? WHERE task_id = ? AND number = ?",
        (one.bill.cost, one.bill.plan, to_column("bill", one.bill), task_id, one.number),
    )
    buckets.add(db, bucket, buckets.of_attempt(db, task_id, one.number)[1] - before)


def _sum_up(db: sqlite3.Connection, task_id: int, spent: Sequence[Spent]) -> None:
    sums = totals(spent)
    db.execute(
        "UPDATE tasks SET cost_micros = ?, plan_micros = ?, priced_by = ? WHERE id = ?",
        (sums["cost_micros"], sums["plan_micros"], sums["priced_by"], task_id),
    )
