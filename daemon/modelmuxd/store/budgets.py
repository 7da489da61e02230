"""What may still be used: attempts in a window of time, money in a bucket. Counted where it is taken."""

from __future__ import annotations

import sqlite3

from muxwire.faults import BUDGET, POLICY, Fault

from modelmuxd.domain.budget import CallLimit, Purse, Reserve
from modelmuxd.store.records import Claim, Claimed

DOLLAR = 1_000_000


def used_up(db: sqlite3.Connection, claim: Claim, now: float) -> Claimed | None:
    """What refuses this claim, or has it wait until others settle; None when nothing does."""
    for limit in claim.calls:
        if fault := _too_often(db, limit, now):
            return Claimed(refused=fault)
    dear = [found for each in claim.reserve if (found := _dear(db, each))]
    return next((found for found in dear if found.refused), dear[0] if dear else None)


def started_since(db: sqlite3.Connection, at: float) -> int:
    """Attempts of all runs that started after `at`."""
    return int(db.execute("SELECT count(*) FROM attempts WHERE started_at > ?", (at,)).fetchone()[0])


def hold(db: sqlite3.Connection, task_id: int, claim: Claim) -> None:
    rows = [(task_id, each.bucket, each.amount) for each in claim.reserve]
    db.executemany("INSERT OR IGNORE INTO holds (task_id, bucket, amount) VALUES (?, ?, ?)", rows)


def release(db: sqlite3.Connection, task_id: int, cost: int | None) -> None:
    """What was held back becomes what was spent; of an unknown cost, all that was held back."""
    rows = db.execute("SELECT bucket, amount FROM holds WHERE task_id = ?", (task_id,)).fetchall()
    for bucket, amount in rows:
        if not (spent := amount if cost is None else cost):
            continue
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


def purse(db: sqlite3.Connection, reserve: Reserve) -> Purse:
    """What has gone from the budget that this would be taken from."""
    within = "WHERE bucket BETWEEN ? AND ?"
    spent = db.execute(f"SELECT coalesce(sum(spent), 0) FROM buckets {within}", reserve.span).fetchone()[0]  # noqa: S608
    held = db.execute(f"SELECT coalesce(sum(amount), 0) FROM holds {within}", reserve.span).fetchone()[0]  # noqa: S608
    return Purse(spent=spent, held=held)


def refusal(reserve: Reserve, gone: Purse) -> Fault | None:
    """Why it is refused for good: what is spent leaves no room."""
    if reserve.limit is None or gone.spent + reserve.amount <= reserve.limit:
        return None
    said = f"{_dollars(gone.spent)} of {_dollars(reserve.limit)} are spent, and {_dollars(reserve.amount)} more"
    text = f"The budget {reserve.name or reserve.bucket} is used up: {said} may be needed."
    hint = "Raise it under [budgets] in profiles.toml, or wait; `muxctl budget show` tells what is left."
    return Fault(BUDGET, text, hint, resets_at=reserve.until)


def _dear(db: sqlite3.Connection, reserve: Reserve) -> Claimed | None:
    if reserve.limit is None:
        return None
    gone = purse(db, reserve)
    if fault := refusal(reserve, gone):
        return Claimed(refused=fault)
    if gone.spent + gone.held + reserve.amount <= reserve.limit:
        return None
    text = f"budget: {reserve.name or reserve.bucket} has {_dollars(gone.held)} held back by runs that are under way"
    return Claimed(waiting="budget", text=text)


def _span(seconds: float) -> str:
    if seconds >= 7200:
        return f"{seconds / 3600:.0f} hours"
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{max(1, round(seconds))} s"


def _dollars(micros: int) -> str:
    return f"${micros / DOLLAR:.2f}"
