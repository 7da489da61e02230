"""Taking away what is old: of ended runs only, a page at a time, so that nobody waits long for the writer.

What goes is decided by the caller, who also removes the files; sums of what was (store/buckets.py) stay.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec
from muxwire.retention import Kept

from modelmuxd.domain.worktree import Worktree
from modelmuxd.store import search
from modelmuxd.store.records import Decided, Old
from modelmuxd.store.standing import note

PAGE = 200

_OUTPUT = "coalesce(length(CAST(outputs.output AS BLOB)), 0)"
_EVENTS = "(SELECT coalesce(sum(length(CAST(body AS BLOB))), 0) FROM events WHERE task_id = tasks.id)"
_REQUEST = "length(CAST(requests.task AS BLOB))"
_BYTES: dict[Kept, str] = {"outputs": _OUTPUT, "events": _EVENTS, "runs": f"{_OUTPUT} + {_EVENTS} + {_REQUEST}"}
_HAS: dict[Kept, str] = {
    "outputs": "tasks.cleaned = 0 AND tasks.attempts > 0",
    "events": "EXISTS (SELECT 1 FROM events WHERE task_id = tasks.id)",
    "runs": "TRUE",
}
_WORKTREE = msgspec.json.Decoder(Worktree)


def old(db: sqlite3.Connection, what: Kept, before: float, after: tuple[float, int]) -> list[Old]:
    """A page of runs that ended before that time and still have it, oldest first; `after`: the end and the key of the
    last one seen."""
    rows = db.execute(
        f"SELECT tasks.id, tasks.run_id, tasks.ended_at, {_BYTES[what]}, requests.worktree FROM tasks"  # noqa: S608
        " JOIN requests ON requests.task_id = tasks.id LEFT JOIN outputs ON outputs.task_id = tasks.id"
        f" WHERE tasks.ended_at < ? AND (tasks.ended_at, tasks.id) > (?, ?) AND {_HAS[what]}"
        " ORDER BY tasks.ended_at, tasks.id LIMIT ?",
        (before, *after, PAGE),
    ).fetchall()
    needed = _needed(db) if what == "runs" else frozenset()
    return [
        Old(
            id=id,
            run_id=run_id,
            ended_at=ended_at,
            bytes=size,
            folders=_folders(db, id),
            worktree=_WORKTREE.decode(tree) if tree else None,
            needed=run_id in needed,
        )
        for id, run_id, ended_at, size, tree in rows
    ]


def forget(db: sqlite3.Connection, what: Kept, ids: Sequence[int], now: float) -> None:
    """One transaction for a page."""
    marks = ", ".join("?" * len(ids))
    if what != "events":
        for id in ids:
            search.take_out(db, id)
    match what:
        case "outputs":
            db.execute(f"DELETE FROM heads WHERE task_id IN ({marks})", ids)  # noqa: S608 - question marks
            db.execute(f"DELETE FROM outputs WHERE task_id IN ({marks})", ids)  # noqa: S608 - question marks
            db.execute(f"UPDATE tasks SET output_file = '', cleaned = 1 WHERE id IN ({marks})", ids)  # noqa: S608
            for id in ids:
                note(db, id, [Decided(kind="clean", text="its output was cleaned away")], now)
        case "events":
            db.execute(f"DELETE FROM events WHERE task_id IN ({marks})", ids)  # noqa: S608
        case "runs":
            db.execute(f"DELETE FROM tasks WHERE id IN ({marks})", ids)  # noqa: S608


def known(db: sqlite3.Connection, run_ids: Sequence[str]) -> frozenset[str]:
    """Those of them that are in the record."""
    marks = ", ".join("?" * len(run_ids))
    rows = db.execute(f"SELECT run_id FROM tasks WHERE run_id IN ({marks})", run_ids)  # noqa: S608 - question marks
    return frozenset(run_id for (run_id,) in rows)


def pages(db: sqlite3.Connection) -> tuple[int, int]:
    """Bytes of the database that hold something, and those that are free for new rows."""
    names = ("page_size", "page_count", "freelist_count")
    size, count, free = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return size * count, size * free


def _folders(db: sqlite3.Connection, task_id: int) -> tuple[str, ...]:
    return tuple(folder for (folder,) in db.execute("SELECT folder FROM attempts WHERE task_id = ?", (task_id,)))


def _needed(db: sqlite3.Connection) -> frozenset[str]:
    """Runs that one which has not ended yet still speaks of: waits for, descends from, repeats."""
    rows = db.execute(
        "SELECT root, retry_of, after, json_extract(origin, '$.parent') FROM requests JOIN tasks ON tasks.id = task_id"
        " WHERE tasks.ended_at IS NULL"
    )
    named: set[str] = set()
    for root, retry_of, after, parent in rows:
        named |= {root, retry_of, parent or "", *msgspec.json.decode(after, type=tuple[str, ...])}
    return frozenset(named)
