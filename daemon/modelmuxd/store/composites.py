"""Composites: their turns come into being, and they end, in one transaction with the events that tell it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from muxwire.events import RunEvent

from modelmuxd.store.accept import accept
from modelmuxd.store.knowledge import learn
from modelmuxd.store.lookup import load_spent_by_turns, load_task
from modelmuxd.store.records import Ending, NewTask, Task
from modelmuxd.store.standing import Place, move, note, record, standing
from modelmuxd.store.totals import totals


def spawn(db: sqlite3.Connection, run_id: str, turns: Sequence[NewTask], events: Sequence[RunEvent]) -> list[Task]:
    """The turns that are new. One that is there already stays as it is, and none comes to a composite that has ended or
    is being canceled."""
    parent = standing(db, run_id)
    if parent.final or parent.canceling:
        return []
    record(db, parent, events, {})
    return [accept(db, turn, ())[0] for turn in turns if not _known(db, turn)]


def finish(db: sqlite3.Connection, end: Ending, now: float) -> Task:
    """The first end counts."""
    parent = standing(db, end.run_id)
    if parent.final:
        return load_task(db, parent.id)
    changes: dict[str, object] = {
        "summary": end.summary,
        "output_size": end.output_size,
        "fault": end.fault,
        "changes": end.changes,
        **totals(load_spent_by_turns(db, end.run_id)),
    }
    text = end.fault.message if end.fault else ""
    move(db, parent, Place(end.state), now, text=text, before=end.events, changes=changes)
    note(db, parent.id, end.decisions, now)
    learn(db, end.signals)
    if end.output:
        db.execute("INSERT OR REPLACE INTO outputs (task_id, output) VALUES (?, ?)", (parent.id, end.output))
    return load_task(db, parent.id)


def turns(db: sqlite3.Connection, run_id: str) -> list[Task]:
    """In the order in which they were asked."""
    rows = db.execute("SELECT task_id FROM requests WHERE part_of = ? AND part_of <> '' ORDER BY task_id", (run_id,))
    return [load_task(db, task_id) for (task_id,) in rows]


def _known(db: sqlite3.Connection, turn: NewTask) -> bool:
    found = db.execute(
        "SELECT 1 FROM requests WHERE part_of = ? AND part_of <> '' AND step = ? AND round = ?",
        (turn.part_of, turn.step, turn.round),
    )
    return found.fetchone() is not None
