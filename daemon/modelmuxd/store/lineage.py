"""Runs that other runs' agents have asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from muxwire.words import State

from modelmuxd.store.standing import standing

_PARENT = "json_extract(requests.origin, '$.parent')"


def states(db: sqlite3.Connection, run_ids: Sequence[str]) -> dict[str, State]:
    """How the runs stand. Raises FaultError(NOT_FOUND)."""
    return {run_id: standing(db, run_id).state for run_id in run_ids}


def descendants(db: sqlite3.Connection, run_id: str) -> list[str]:
    """The unfinished runs below this one, parents before their children."""
    task = standing(db, run_id)
    root = db.execute("SELECT root FROM requests WHERE task_id = ?", (task.id,)).fetchone()[0] or run_id
    rows = db.execute(
        f"SELECT tasks.run_id, {_PARENT}, tasks.ended_at FROM requests JOIN tasks ON tasks.id = requests.task_id"  # noqa: S608
        " WHERE requests.root = ? AND requests.root <> '' ORDER BY requests.created_at",
        (root,),
    )
    family, unfinished = {run_id}, []
    for child, parent, ended_at in rows:  # in the order of their making: a parent is known before its children
        if parent in family:
            family.add(child)
            if ended_at is None:
                unfinished.append(child)
    return unfinished


def spawned(db: sqlite3.Connection, parent: str, since: float) -> int:
    """How many runs this one's agent has asked for after `since`."""
    task = standing(db, parent)
    root = db.execute("SELECT root FROM requests WHERE task_id = ?", (task.id,)).fetchone()[0] or parent
    row = db.execute(
        f"SELECT count(*) FROM requests WHERE root = ? AND root <> '' AND created_at > ? AND {_PARENT} = ?",  # noqa: S608
        (root, since, parent),
    ).fetchone()
    return int(row[0])
