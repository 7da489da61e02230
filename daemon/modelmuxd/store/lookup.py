"""Reading: tasks, attempts, events, decisions. Each function is one SELECT or a few by key."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec
from muxwire import faults
from muxwire.events import RunEvent
from muxwire.faults import AMBIGUOUS, refuse

from modelmuxd.domain.bill import Bill
from modelmuxd.domain.budget import Spending
from modelmuxd.domain.usage import Usage
from modelmuxd.domain.worktree import Worktree
from modelmuxd.store.records import Attempt, Decided, Task
from modelmuxd.store.rows import ATTEMPTS, DECISIONS, REQUESTS, TASKS, USAGE
from modelmuxd.store.standing import standing, unknown_run
from modelmuxd.store.totals import Spent

SHORTEST_PREFIX = 6
SHOWN = 8
"""How many runs an ambiguous prefix names."""

PAGE = 200
"""Tasks read in one transaction."""

PAGE_BYTES = 1 << 20
"""Text of events read in one transaction, but for the last one read."""

_EVENT = msgspec.json.Decoder(RunEvent)
_TASK = (
    f"SELECT {TASKS.columns}, {REQUESTS.columns}, tasks.run_id, outputs.output, tasks.id FROM tasks"  # noqa: S608
    " JOIN requests ON requests.task_id = tasks.id LEFT JOIN outputs ON outputs.task_id = tasks.id"
)
_ATTEMPT = f"SELECT {ATTEMPTS.columns}, {USAGE.columns} FROM attempts LEFT JOIN usage USING (task_id, number)"  # noqa: S608

_SPENT = (
    f"SELECT {USAGE.columns}, attempts.cost_micros, attempts.plan_micros, bill FROM attempts"  # noqa: S608
    " LEFT JOIN usage USING (task_id, number)"
)
_BILL = msgspec.json.Decoder(Bill)


def load_task(db: sqlite3.Connection, task_id: int) -> Task:
    return _task(db.execute(f"{_TASK} WHERE tasks.id = ?", (task_id,)).fetchone())


def find(db: sqlite3.Connection, prefix: str) -> Task:
    """Raises FaultError: NOT_FOUND, AMBIGUOUS, or USAGE when the prefix is too short."""
    start = prefix.lower()
    if len(start) < SHORTEST_PREFIX:
        raise refuse(faults.USAGE, f"{prefix!r} is too short to name a run.", "Give 6 or more of its first characters.")
    # Every character of a run id sorts before `~`.
    rows = db.execute(f"{_TASK} WHERE tasks.run_id BETWEEN ? AND ? LIMIT {SHOWN}", (start, f"{start}~")).fetchall()
    found = [_task(row) for row in rows]
    if not found:
        raise unknown_run(prefix)
    if len(found) > 1:
        names = tuple(task.new.run_id for task in found)
        raise refuse(
            AMBIGUOUS, f"{prefix!r} names more than one run.", f"Give more of it: {', '.join(names)}.", choices=names
        )
    return found[0]


def keyed(db: sqlite3.Connection, kind: str, principal: str, key: str) -> Task | None:
    """The task that has this idempotency key."""
    found = "SELECT task_id FROM keys WHERE kind = ? AND principal = ? AND key = ?"
    row = db.execute(found, (kind, principal, key)).fetchone()
    return load_task(db, row[0]) if row else None


def unfinished_after(db: sqlite3.Connection, last: int) -> tuple[list[Task], int | None]:
    """A page of unfinished tasks, oldest first, and the key to go on after; None after the last page."""
    rows = db.execute(
        f"{_TASK} WHERE tasks.ended_at IS NULL AND tasks.id > ? ORDER BY tasks.id LIMIT {PAGE}", (last,)
    ).fetchall()
    return [_task(row) for row in rows], rows[-1][-1] if len(rows) == PAGE else None


def recent(db: sqlite3.Connection, limit: int) -> list[Task]:
    rows = db.execute(
        f"{_TASK} WHERE tasks.ended_at IS NOT NULL ORDER BY tasks.ended_at DESC, tasks.id DESC LIMIT ?", (limit,)
    )
    return [_task(row) for row in rows]


def spent_since(db: sqlite3.Connection, at: float) -> Spending:
    """A run that no agent has worked on cost nothing; one that told no price, nobody knows what. A composite cost what
    its turns did, which are counted."""
    runs, cost, plan, unpriced, tokens = db.execute(
        "SELECT count(*), sum(cost_micros), sum(plan_micros),"
        " count(*) FILTER (WHERE cost_micros IS NULL AND attempts > 0),"
        " (SELECT sum(usage.input + usage.cached + usage.cache_write + usage.output + usage.reasoning)"
        " FROM tasks JOIN usage ON usage.task_id = tasks.id WHERE tasks.ended_at >= :at)"
        " FROM tasks JOIN requests ON requests.task_id = tasks.id WHERE ended_at >= :at AND plan IS NULL",
        {"at": at},
    ).fetchone()
    return Spending(runs=runs, tokens=tokens, cost_micros=cost, plan_micros=plan, unpriced=unpriced)


def load_attempt(db: sqlite3.Connection, task_id: int, run_id: str, number: int) -> Attempt | None:
    row = db.execute(f"{_ATTEMPT} WHERE task_id = ? AND number = ?", (task_id, number)).fetchone()
    return None if row is None else _attempt(row, run_id)


def attempts(db: sqlite3.Connection, run_id: str) -> list[Attempt]:
    task = standing(db, run_id)
    return [_attempt(row, run_id) for row in db.execute(f"{_ATTEMPT} WHERE task_id = ? ORDER BY number", (task.id,))]


def ended_attempts(db: sqlite3.Connection, after: tuple[int, int], limit: int) -> list[tuple[tuple[int, int], Attempt]]:
    """In the order of their keys."""
    rows = db.execute(
        f"SELECT {ATTEMPTS.columns}, {USAGE.columns}, task_id, run_id FROM attempts"  # noqa: S608
        " JOIN tasks ON tasks.id = task_id LEFT JOIN usage USING (task_id, number)"
        " WHERE (task_id, number) > (?, ?) AND attempts.ended_at IS NOT NULL ORDER BY task_id, number LIMIT ?",
        (*after, limit),
    )
    found = [(row[-2], _attempt(row, row[-1])) for row in rows]
    return [((task_id, attempt.number), attempt) for task_id, attempt in found]


def load_spent(db: sqlite3.Connection, task_id: int) -> list[Spent]:
    """What each attempt of a task has spent, in order."""
    return [_spent(row) for row in db.execute(f"{_SPENT} WHERE attempts.task_id = ? ORDER BY number", (task_id,))]


def load_spent_by_turns(db: sqlite3.Connection, run_id: str) -> list[Spent]:
    """The same of all turns of a composite."""
    part = " JOIN requests USING (task_id) WHERE part_of = ? AND part_of <> '' ORDER BY task_id, number"
    return [_spent(row) for row in db.execute(_SPENT + part, (run_id,))]


def decisions(db: sqlite3.Connection, run_id: str) -> list[tuple[float, Decided]]:
    task = standing(db, run_id)
    rows = db.execute(f"SELECT {DECISIONS.columns}, at FROM decisions WHERE task_id = ? ORDER BY id", (task.id,))  # noqa: S608
    return [(row[-1], DECISIONS.load(row)) for row in rows]


def events(db: sqlite3.Connection, run_id: str, since: int, limit: int) -> list[RunEvent]:
    """At most `limit`, and fewer when their text would be longer than PAGE_BYTES; empty only when there are none."""
    task = standing(db, run_id)
    rows = db.execute(
        "SELECT body FROM events WHERE task_id = ? AND seq > ? ORDER BY seq LIMIT ?", (task.id, since, limit)
    )
    page: list[RunEvent] = []
    size = 0
    for (body,) in rows:
        page.append(_EVENT.decode(body))
        size += len(body)
        if size >= PAGE_BYTES:
            rows.close()
            break
    return page


def session_usage(db: sqlite3.Connection, provider: str, session_id: str) -> Usage | None:
    row = db.execute(
        f"SELECT {USAGE.columns} FROM attempts JOIN usage USING (task_id, number)"  # noqa: S608
        " WHERE provider = ? AND session_id = ? AND session_id <> '' ORDER BY ended_at DESC, task_id DESC LIMIT 1",
        (provider, session_id),
    ).fetchone()
    return None if row is None else _usage(row)


def session_turns(db: sqlite3.Connection, provider: str, session_id: str, limit: int) -> list[Task]:
    rows = db.execute(
        f"{_TASK} JOIN attempts ON attempts.task_id = tasks.id WHERE attempts.provider = ?"
        " AND attempts.session_id = ? AND attempts.session_id <> '' AND attempts.state = 'success'"
        " AND tasks.state = 'success' ORDER BY attempts.ended_at DESC, tasks.id DESC LIMIT ?",
        (provider, session_id, limit),
    )
    return [_task(row) for row in rows][::-1]


def session_worktree(db: sqlite3.Connection, provider: str, session_id: str) -> Worktree | None:
    row = db.execute(
        "SELECT requests.worktree FROM attempts JOIN requests USING (task_id)"
        " WHERE attempts.provider = ? AND attempts.session_id = ? AND attempts.session_id <> ''"
        " ORDER BY attempts.ended_at DESC, task_id DESC LIMIT 1",
        (provider, session_id),
    ).fetchone()
    return msgspec.json.decode(row[0], type=Worktree) if row and row[0] else None


def _task(row: tuple[object, ...]) -> Task:
    requested = row[len(TASKS.fields) :]
    run_id, output = row[-3], row[-2]
    return TASKS.load(row, new=REQUESTS.load(requested, run_id=run_id), output=output or "")


def _attempt(row: tuple[object, ...], run_id: str) -> Attempt:
    return ATTEMPTS.load(row, run_id=run_id, usage=_usage(row[len(ATTEMPTS.fields) :]))


def _spent(row: tuple[Any, ...]) -> Spent:
    *_, cost, plan, bill = row
    return Spent(_usage(row), cost, plan, _BILL.decode(bill) if bill else None)


def _usage(row: tuple[object, ...]) -> Usage | None:
    """The row of an outer join: all NULL when the attempt told nothing."""
    return None if row[0] is None else USAGE.load(row)
