"""Writing down how an attempt ended, exactly once, and what becomes of its run."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from muxwire.events import RunEvent

from modelmuxd.store import accounts, buckets, budgets, knowledge, leases
from modelmuxd.store.database import current_epoch
from modelmuxd.store.interface import Stale
from modelmuxd.store.lookup import load_spent, load_task
from modelmuxd.store.records import Settle, Task
from modelmuxd.store.rows import USAGE, to_column
from modelmuxd.store.standing import Place, Standing, canceled, move, note, record, standing
from modelmuxd.store.totals import totals

_UNASKED = ("auth", "not_installed")
"""Faults of before a model was asked: they have cost nothing, though nobody says so."""


def append(db: sqlite3.Connection, run_id: str, number: int, epoch: int, events: Sequence[RunEvent]) -> int:
    """Raises Stale when the attempt is not ours or has ended."""
    task = standing(db, run_id)
    _refuse_stale(db, task, number, epoch)
    return record(db, task, events, {})


def settle(db: sqlite3.Connection, end: Settle, now: float) -> Task:
    """Raises Stale when the attempt is not ours or has ended."""
    task = standing(db, end.run_id)
    _refuse_stale(db, task, end.number, end.epoch)
    _end_attempt(db, task, end, now)
    _give_back(db, task, end, now)
    _go_on(db, task, end, now)
    note(db, task.id, end.decisions, now)
    knowledge.learn(db, end.signals)
    return load_task(db, task.id)


def _refuse_stale(db: sqlite3.Connection, task: Standing, number: int, epoch: int) -> None:
    row = db.execute(
        "SELECT epoch, ended_at FROM attempts WHERE task_id = ? AND number = ?", (task.id, number)
    ).fetchone()
    if row is None or row[1] is not None:
        raise Stale(f"Attempt {number} of {task.run_id} does not run any more.")
    if not row[0] == epoch == current_epoch(db):
        raise Stale(f"Attempt {number} of {task.run_id} belongs to incarnation {row[0]}, not {epoch}; adopt it first.")


def _end_attempt(db: sqlite3.Connection, task: Standing, end: Settle, now: float) -> None:
    db.execute(
        "UPDATE attempts SET ended_at = ?, state = ?, exit_code = ?, fault = ?, session_id = ?, cost_micros = ?,"
        " plan_micros = ?, bill = ?, model = coalesce(nullif(?, ''), model), enforced = coalesce(?, enforced),"
        " first_byte = ?"
        " WHERE task_id = ? AND number = ?",
        (
            now,
            end.attempt_state,
            end.exit_code,
            to_column("fault", end.fault),
            end.session_id,
            end.cost_micros,
            end.plan_micros,
            to_column("bill", end.bill),
            end.model,
            end.enforced,
            end.first_byte,
            task.id,
            end.number,
        ),
    )
    if end.usage is not None:
        db.execute(USAGE.insert, USAGE.values(end.usage, task_id=task.id, number=end.number))
    buckets.attempt_ended(db, task.id, end.number)


def _give_back(db: sqlite3.Connection, task: Standing, end: Settle, now: float) -> None:
    """The folder, what was held back of budgets, and what is now known of the account."""
    leases.give_back(db, task.id)
    unasked = end.usage is None and end.attempt_state in _UNASKED
    budgets.release(db, task.id, 0 if unasked else end.cost_micros)
    account, provider = db.execute(
        "SELECT account, provider FROM attempts WHERE task_id = ? AND number = ?", (task.id, end.number)
    ).fetchone()
    accounts.settled(db, end, account, provider, now)


def _go_on(db: sqlite3.Connection, task: Standing, end: Settle, now: float) -> None:
    """The run ends, or waits for its next attempt. One that is being canceled has no next attempt: it ends here, which
    closes the race between a cancel and the decision to try again."""
    to, fault = _place(end), end.fault
    if end.state is None and task.canceling:
        to, fault = Place("canceled"), canceled()
    text = fault.message if fault else ""
    changes = {**_outcome(end), **totals(load_spent(db, task.id)), "fault": fault}
    move(db, task, to, now, text=text, before=end.events, changes=changes)
    _keep_output(db, task, end)


def _outcome(end: Settle) -> dict[str, object]:
    """What the attempt left takes the place of what an earlier one left; what it did not learn stays."""
    left: dict[str, object] = {"summary": end.summary, "output_file": end.output_file, "output_size": end.output_size}
    left |= {"changes": end.changes, "verified": end.verified}
    learned = {"session_id": end.session_id, "model": end.model, "enforced": end.enforced}
    learned["failover_from"] = end.failover_from
    return {**left, **{name: value for name, value in learned.items() if value}}


def _keep_output(db: sqlite3.Connection, task: Standing, end: Settle) -> None:
    """In place of what an earlier attempt of the run left."""
    if task.attempts > 1:
        db.execute("DELETE FROM outputs WHERE task_id = ?", (task.id,))
        db.execute("DELETE FROM heads WHERE task_id = ?", (task.id,))
    if end.output:
        db.execute("INSERT OR REPLACE INTO outputs (task_id, output) VALUES (?, ?)", (task.id, end.output))
    if end.output_head:
        db.execute("INSERT OR REPLACE INTO heads (task_id, head) VALUES (?, ?)", (task.id, end.output_head))


def _place(end: Settle) -> Place:
    if end.state is not None:
        return Place(end.state)
    if end.waiting is None:
        return Place("queued", not_before=end.not_before)
    return Place("waiting", end.waiting, end.waiting_for, end.not_before)
