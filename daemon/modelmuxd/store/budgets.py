"""What may still be used: attempts in a window of time, money in a bucket. Counted where it is taken."""

from __future__ import annotations

import sqlite3

from muxwire.faults import BUDGET, POLICY, Fault

from modelmuxd.store.records import CallLimit, Claim, Reserve

DOLLAR = 1_000_000


def used_up(db: sqlite3.Connection, claim: Claim, now: float) -> Fault | None:
    """The limit that refuses this claim, if one does."""
    for limit in claim.calls:
        if fault := _too_often(db, limit, now):
            return fault
    for reserve in claim.reserve:
        if fault := _too_dear(db, reserve):
            return fault
    return None


def started_since(db: sqlite3.Connection, at: float) -> int:
    """Attempts of all runs that started after `at`."""
    return int(db.execute("SELECT count(*) FROM attempts WHERE started_at > ?", (at,)).fetchone()[0])


def hold(db: sqlite3.Connection, task_id: int, claim: Claim) -> None:
    rows = [(task_id, each.bucket, each.amount) for each in claim.reserve]
    db.executemany("INSERT INTO holds (task_id, bucket, amount) VALUES (?, ?, ?)", rows)


def release(db: sqlite3.Connection, task_id: int, cost: int | None) -> None:
    """What was held back becomes what was spent; of an unknown cost, all that was held back."""
    rows = db.execute("SELECT bucket, amount FROM holds WHERE task_id = ?", (task_id,)).fetchall()
    for bucket, amount in rows:
        spent = amount if cost is None else cost
        db.execute(
            "INSERT INTO buckets (bucket, spent) VALUES (?, ?) ON CONFLICT (bucket) DO UPDATE SET spent = spent + ?",
            (bucket, spent, spent),
        )
    if rows:
        db.execute("DELETE FROM holds WHERE task_id = ?", (task_id,))


def _too_often(db: sqlite3.Connection, limit: CallLimit, now: float) -> Fault | None:
    since = now - limit.seconds
    used = started_since(db, since)
    if used < limit.most:
        return None
    message = f"{limit.key}: {used} of {limit.most} attempts have been started in the last {_span(limit.seconds)}."
    if not limit.most:
        return Fault(POLICY, message, "The policy allows none: `muxctl policy show`.")
    row = db.execute(
        "SELECT started_at FROM attempts WHERE started_at > ? ORDER BY started_at LIMIT 1 OFFSET ?",
        (since, used - limit.most),
    ).fetchone()
    wait = row[0] + limit.seconds - now
    hint = f"The next can start in {_span(wait)}; `muxctl policy show` tells what is left."
    return Fault(POLICY, message, hint, retry_after=wait, resets_at=now + wait)


def _too_dear(db: sqlite3.Connection, reserve: Reserve) -> Fault | None:
    row = db.execute("SELECT spent FROM buckets WHERE bucket = ?", (reserve.bucket,)).fetchone()
    held = db.execute("SELECT coalesce(sum(amount), 0) FROM holds WHERE bucket = ?", (reserve.bucket,)).fetchone()[0]
    taken = (row[0] if row else 0) + held
    if taken + reserve.amount <= reserve.limit:
        return None
    said = f"{_dollars(taken)} of {_dollars(reserve.limit)} are spent or held back, and {_dollars(reserve.amount)} more"
    return Fault(BUDGET, f"The budget {reserve.bucket} is used up: {said} may be needed.", "Raise it, or wait.")


def _span(seconds: float) -> str:
    if seconds >= 7200:
        return f"{seconds / 3600:.0f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{max(1, round(seconds))} s"


def _dollars(micros: int) -> str:
    return f"${micros / DOLLAR:.2f}"
