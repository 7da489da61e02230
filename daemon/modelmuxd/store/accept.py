"""Accepting a task, once for each idempotency key."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from muxwire.faults import CONFLICT, refuse

from modelmuxd.domain.knowledge import Signal
from modelmuxd.store import buckets, knowledge, notices, search
from modelmuxd.store.lineage import states
from modelmuxd.store.lookup import keyed
from modelmuxd.store.records import Decided, NewTask, Task
from modelmuxd.store.rows import REQUESTS, TASKS
from modelmuxd.store.standing import Place, add_events, note, state_changed


def accept(
    db: sqlite3.Connection, new: NewTask, decisions: Sequence[Decided], signals: Sequence[Signal] = ()
) -> tuple[Task, bool]:
    """The task and whether it is new; one that is not teaches nothing. Raises FaultError(CONFLICT)."""
    if new.idempotency_key and (known := _known(db, new)) is not None:
        return known, False
    states(db, new.after)  # each of them exists
    task = _first(new)
    task_id = _insert(db, task)
    note(db, task_id, decisions, new.created_at)
    knowledge.learn(db, signals)
    return task, True


def _first(new: NewTask) -> Task:
    """Queued, or at its end at once; a composite is under way from the start. One event tells which."""
    if new.blocked is None and new.plan is not None:
        return Task(new=new, state="running", last_seq=1, started_at=new.created_at)
    if new.blocked is None:
        if new.not_before is None or new.not_before <= new.created_at:
            return Task(new=new, state="queued", last_seq=1)
        return Task(
            new=new,
            state="waiting",
            waiting="not_before",
            waiting_for="not before: as asked",
            not_before=new.not_before,
            last_seq=1,
        )
    return Task(new=new, state="blocked", last_seq=1, ended_at=new.created_at, fault=new.blocked)


def _insert(db: sqlite3.Connection, task: Task) -> int:
    new, told = task.new, task.fault.message if task.fault else ""
    task_id = db.execute(TASKS.insert, TASKS.values(task, run_id=new.run_id)).lastrowid
    assert task_id is not None
    db.execute(REQUESTS.insert, REQUESTS.values(new, task_id=task_id))
    add_events(db, task_id, [state_changed(_place(task), told, new.created_at)], first=1)
    if new.idempotency_key:
        db.execute("INSERT INTO keys (kind, principal, key, task_id) VALUES (?, ?, ?, ?)", (*_scoped(new), task_id))
    if task.ended_at is not None:
        buckets.run_ended(db, task_id)
        notices.owe(db, task_id, task.ended_at)
        search.owe(db, task_id)
    return task_id


def _place(task: Task) -> Place:
    return Place(task.state, task.waiting, task.waiting_for, task.not_before)


def _known(db: sqlite3.Connection, new: NewTask) -> Task | None:
    """The task that already has this key."""
    task = keyed(db, *_scoped(new))
    if task is None:
        return None
    if task.new.payload_hash != new.payload_hash:
        raise refuse(
            CONFLICT,
            f"The idempotency key {new.idempotency_key!r} belongs to run {task.new.run_id}, which asks something else.",
            "Use another key for another task, or send the same task again.",
        )
    return task


def _scoped(new: NewTask) -> tuple[str, str, str]:
    return new.origin.kind, new.origin.principal, new.idempotency_key
