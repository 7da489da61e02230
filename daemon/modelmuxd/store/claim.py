"""Starting an attempt when the task still wants one and the limits allow it, and taking one over."""

from __future__ import annotations

import sqlite3

import msgspec
from muxwire.events import AttemptStarted

from modelmuxd.store import accounts, budgets, leases
from modelmuxd.store.interface import Stale
from modelmuxd.store.lookup import load_attempt
from modelmuxd.store.records import Attempt, Claim, Claimed
from modelmuxd.store.rows import ATTEMPTS
from modelmuxd.store.standing import Place, Standing, move, note, standing


def start_attempt(db: sqlite3.Connection, claim: Claim, epoch: int, now: float) -> Claimed:
    """The attempt, or why there is none; a refusal writes nothing."""
    task = standing(db, claim.run_id)
    if task.final or task.canceling or task.state == "running":
        return Claimed(gone=True)
    if refused := _not_now(db, claim, now):
        return refused
    attempt = _attempt(claim, task, epoch, now)
    _insert(db, task, attempt, claim, now)
    accounts.claimed(db, claim, now)
    leases.take(db, task.id, claim)
    budgets.hold(db, task.id, claim)
    return Claimed(attempt=attempt)


def adopt(db: sqlite3.Connection, run_id: str, number: int, epoch: int) -> Attempt:
    """Raises Stale when the attempt has ended."""
    task = standing(db, run_id)
    attempt = load_attempt(db, task.id, run_id, number)
    if attempt is None or attempt.ended_at is not None:
        raise Stale(f"Attempt {number} of {run_id} does not run any more.")
    db.execute("UPDATE attempts SET epoch = ? WHERE task_id = ? AND number = ?", (epoch, task.id, number))
    return msgspec.structs.replace(attempt, epoch=epoch)


def _not_now(db: sqlite3.Connection, claim: Claim, now: float) -> Claimed | None:
    """What stands against it: first what passes by itself, last what a policy has used up."""
    if waits := accounts.not_now(db, claim, now):
        return waits
    if full := _no_slot(db, claim):
        return Claimed(waiting="slots", text=full)
    if waits := leases.taken(db, claim):
        return waits
    return budgets.used_up(db, claim, now)


def _no_slot(db: sqlite3.Connection, claim: Claim) -> str:
    """The sentence, when a limit is reached. Attempts of an earlier incarnation count until they have ended."""
    running = "SELECT count(*) FROM attempts WHERE ended_at IS NULL"
    total = db.execute(running).fetchone()[0]
    limit = claim.max_running if claim.depth else max(claim.max_running - claim.kept, 0)
    if total >= limit:
        return f"slots: {total} of {limit} running in all"
    mine = db.execute(f"{running} AND account = ?", (claim.account,)).fetchone()[0]
    if mine >= claim.max_account:
        return f"slots: {claim.provider} has {mine} of {claim.max_account} running"
    return ""


def _attempt(claim: Claim, task: Standing, epoch: int, now: float) -> Attempt:
    return Attempt(
        run_id=claim.run_id,
        number=task.attempts + 1,
        provider=claim.provider,
        account=claim.account,
        model=claim.model,
        epoch=epoch,
        folder=claim.folder,
        started_at=now,
        enforced=claim.enforced,
        billing=claim.billing,
        argv=claim.argv,
        cli_version=claim.cli_version,
        routed=claim.routed,
    )


def _insert(db: sqlite3.Connection, task: Standing, attempt: Attempt, claim: Claim, now: float) -> None:
    db.execute(ATTEMPTS.insert, ATTEMPTS.values(attempt, task_id=task.id))
    started = AttemptStarted(
        attempt=attempt.number, provider=claim.provider, account=claim.account, why=claim.why, at=now
    )
    changes = {
        "attempts": attempt.number,
        "started_at": now if task.started_at is None else task.started_at,
        "provider": claim.provider,
        "model": claim.model,
        "enforced": claim.enforced,
    }
    move(db, task, Place("running"), now, after=(started,), changes=changes)
    note(db, task.id, claim.decisions, now)
