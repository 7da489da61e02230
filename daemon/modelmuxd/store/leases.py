"""One writer for each folder: a running attempt that writes holds its folder for its whole lineage."""

from __future__ import annotations

import sqlite3

from modelmuxd.store.records import Claim, Claimed


def taken(db: sqlite3.Connection, claim: Claim) -> Claimed | None:
    """Who else writes in this folder, above or below it, if somebody does."""
    if not claim.workdir:
        return None
    rows = db.execute(
        "SELECT tasks.run_id, leases.workdir FROM leases JOIN tasks ON tasks.id = leases.task_id"
        " WHERE leases.root <> ?",
        (claim.root,),
    )
    for run_id, workdir in rows:
        if _meet(workdir, claim.workdir):
            return Claimed(waiting="workdir", text=f"workdir: run {run_id[:16]} writes in {workdir}")
    return None


def take(db: sqlite3.Connection, task_id: int, claim: Claim) -> None:
    if claim.workdir:
        db.execute("INSERT INTO leases (task_id, root, workdir) VALUES (?, ?, ?)", (task_id, claim.root, claim.workdir))


def give_back(db: sqlite3.Connection, task_id: int) -> None:
    db.execute("DELETE FROM leases WHERE task_id = ?", (task_id,))


def _meet(one: str, other: str) -> bool:
    """Whether the folders are the same or one holds the other; real paths."""
    first, second = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return first.startswith(second) or second.startswith(first)
