"""Runs that other runs' agents have asked for."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence

from muxwire.words import State

from modelmuxd.domain.budget import Allowance
from modelmuxd.store.standing import standing

_PARENT = "json_extract(requests.origin, '$.parent')"
_ASKED = f"""
SELECT {_PARENT}, max_cost_micros, root FROM requests JOIN tasks ON tasks.id = requests.task_id WHERE tasks.run_id = ?
"""  # noqa: S608 - of constants
_FAMILY = f"""
SELECT tasks.run_id, {_PARENT}, coalesce(sum(attempts.cost_micros), 0), count(*) FILTER (
    WHERE attempts.cost_micros IS NULL AND attempts.billing NOT IN ('subscription', 'local')
    AND EXISTS (SELECT 1 FROM usage WHERE usage.task_id = attempts.task_id AND usage.number = attempts.number)
)
FROM requests JOIN tasks ON tasks.id = requests.task_id LEFT JOIN attempts USING (task_id)
WHERE task_id IN (
    SELECT task_id FROM requests WHERE root = ?1 AND root <> '' UNION ALL SELECT id FROM tasks WHERE run_id = ?1
)
GROUP BY tasks.id
"""  # noqa: S608 - of constants


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


def allowances(db: sqlite3.Connection, run_id: str) -> list[Allowance]:
    """Of this run and of those above it, as far as they may cost only so much. Of an attempt that runs, and of a
    composite beside its turns, nothing is known yet."""
    limits: dict[str, int] = {}
    above, root = run_id, run_id
    while asked := db.execute(_ASKED, (above,)).fetchone():
        if asked[1] is not None:
            limits[above] = asked[1]
        root = asked[2] or root
        above = asked[0] or ""
    if not limits:
        return []
    rows = db.execute(_FAMILY, (root,)).fetchall()
    parents: dict[str, str] = {run: parent or "" for run, parent, *_ in rows}
    spent, unpriced = Counter[str](), Counter[str]()
    for run, _, cost, unknown in rows:
        each = run
        while each in parents:
            spent[each] += cost
            unpriced[each] += unknown
            each = parents[each]
    return [Allowance(run_id=run, limit=limits[run], spent=spent[run], unpriced=unpriced[run]) for run in limits]


def spawned(db: sqlite3.Connection, parent: str, since: float) -> int:
    """How many runs this one's agent has asked for after `since`."""
    task = standing(db, parent)
    root = db.execute("SELECT root FROM requests WHERE task_id = ?", (task.id,)).fetchone()[0] or parent
    row = db.execute(
        f"SELECT count(*) FROM requests WHERE root = ? AND root <> '' AND created_at > ? AND {_PARENT} = ?",  # noqa: S608
        (root, since, parent),
    ).fetchone()
    return int(row[0])
