"""Accepting a task, once for each idempotency key."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from muxwire.faults import CONFLICT, refuse

from modelmuxd.store.interface import Decided, NewTask, Task
from modelmuxd.store.lookup import load_task
from modelmuxd.store.rows import REQUESTS
from modelmuxd.store.standing import Place, Standing, move, note, record, state_changed


def accept(db: sqlite3.Connection, new: NewTask, decisions: Sequence[Decided]) -> tuple[Task, bool]:
    """The task and whether it is new. Raises FaultError(CONFLICT)."""
    if new.idempotency_key and (known := _known(db, new)) is not None:
        return known, False
    task = Standing(_insert(db, new), new.run_id, "queued", None, "", None, None, 0, 0, False)
    if (refused := new.blocked) is None:
        record(db, task, (state_changed(task.place, "", new.created_at),), {})
    else:
        move(db, task, Place("blocked"), new.created_at, text=refused.message, changes={"fault": refused})
    note(db, task, decisions, new.created_at)
    return load_task(db, task.id), True


def _insert(db: sqlite3.Connection, new: NewTask) -> int:
    task_id = db.execute("INSERT INTO tasks (run_id, state) VALUES (?, 'queued')", (new.run_id,)).lastrowid
    assert task_id is not None
    db.execute(REQUESTS.insert, REQUESTS.values(new, task_id=task_id))
    if new.idempotency_key:
        db.execute("INSERT INTO keys (kind, principal, key, task_id) VALUES (?, ?, ?, ?)", (*_scoped(new), task_id))
    return task_id


def _known(db: sqlite3.Connection, new: NewTask) -> Task | None:
    """The task that already has this key."""
    row = db.execute("SELECT task_id FROM keys WHERE kind = ? AND principal = ? AND key = ?", _scoped(new)).fetchone()
    if row is None:
        return None
    task = load_task(db, row[0])
    if task.new.payload_hash != new.payload_hash:
        raise refuse(
            CONFLICT,
            f"The idempotency key {new.idempotency_key!r} belongs to run {task.new.run_id}, which asks something else.",
            "Use another key for another task, or send the same task again.",
        )
    return task


def _scoped(new: NewTask) -> tuple[str, str, str]:
    return new.origin.kind, new.origin.principal, new.idempotency_key
