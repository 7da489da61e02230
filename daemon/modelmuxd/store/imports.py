"""Taking over what another version kept, a page of lines in a transaction, each of them once: whatever has become of
its runs since, a line whose digest is known adds nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from modelmuxd.domain.bucket import Bucket, Counts
from modelmuxd.domain.imported import OldRating
from modelmuxd.domain.rating import Rating
from modelmuxd.store import buckets, knowledge, search
from modelmuxd.store.records import Decided, Line, OldRun
from modelmuxd.store.rows import ATTEMPTS, RATINGS, REQUESTS, TASKS, USAGE
from modelmuxd.store.standing import note

KIND, PRINCIPAL = "import", "0.29"
"""The scope in which old ids lead to runs, as idempotency keys do."""
ABOUT_S = 5.0
"""Seconds that two files' times for the end of one run may differ."""


def take_over(db: sqlite3.Connection, lines: Sequence[Line]) -> tuple[int, int]:
    """How many of them were new, and how many of these rate a run that is not there."""
    sums: dict[Bucket, Counts] = {}
    new = unmatched = 0
    for line in lines:
        if not db.execute("INSERT OR IGNORE INTO imported VALUES (?)", (line.digest,)).rowcount:
            continue
        new += 1
        for run in line.runs:
            if not (run.echo and _noted(db, run)):
                _insert(db, run, sums)
        if line.rating is not None and not _rate(db, line.rating, line):
            unmatched += 1
        knowledge.learn(db, line.signals)
    for bucket, counts in sums.items():
        buckets.add(db, bucket, counts)
    return new, unmatched


def known(db: sqlite3.Connection, digests: Sequence[bytes]) -> int:
    """How many of them were taken over before."""
    marks = ", ".join("?" * len(digests))
    found = db.execute(f"SELECT count(*) FROM imported WHERE line IN ({marks})", digests)  # noqa: S608 - question marks
    return int(found.fetchone()[0])


def _insert(db: sqlite3.Connection, run: OldRun, sums: dict[Bucket, Counts]) -> None:
    task = run.task
    task_id = db.execute(TASKS.insert, TASKS.values(task, run_id=task.new.run_id)).lastrowid
    assert task_id is not None
    db.execute(REQUESTS.insert, REQUESTS.values(task.new, task_id=task_id))
    if task.output:
        db.execute("INSERT INTO outputs (task_id, output) VALUES (?, ?)", (task_id, task.output))
    if run.old_id:
        key = "INSERT OR IGNORE INTO keys (kind, principal, key, task_id) VALUES (?, ?, ?, ?)"
        db.execute(key, (KIND, PRINCIPAL, run.old_id, task_id))
    search.owe(db, task_id)
    note(db, task_id, [Decided(kind="import", text=run.why)], task.new.created_at)
    if run.attempt is not None:
        db.execute(ATTEMPTS.insert, ATTEMPTS.values(run.attempt, task_id=task_id))
        if run.attempt.usage is not None:
            db.execute(USAGE.insert, USAGE.values(run.attempt.usage, task_id=task_id, number=run.attempt.number))
        _count(sums, *buckets.of_attempt(db, task_id, run.attempt.number))
    if counted := buckets.of_run(db, task_id):
        _count(sums, *counted)


def _noted(db: sqlite3.Connection, run: OldRun) -> bool:
    """With the run that another file told of: of the same provider and task, at about the same time."""
    task = run.task
    assert task.ended_at is not None
    row = db.execute(
        "SELECT tasks.id FROM tasks JOIN requests ON requests.task_id = tasks.id WHERE ended_at BETWEEN ? AND ?"
        " AND tasks.provider = ? AND substr(task, 1, 200) = ? AND EXISTS"
        " (SELECT 1 FROM decisions WHERE task_id = tasks.id AND kind = 'import') LIMIT 1",
        (task.ended_at - ABOUT_S, task.ended_at + ABOUT_S, task.provider, task.new.task[:200]),
    ).fetchone()
    if row is not None:
        note(db, row[0], [Decided(kind="audit", text=run.echo)], task.ended_at)
    return row is not None


def _count(sums: dict[Bucket, Counts], bucket: Bucket, counts: Counts) -> None:
    sums[bucket] = sums[bucket] + counts if bucket in sums else counts


def _rate(db: sqlite3.Connection, old: OldRating, line: Line) -> bool:
    """A rating that was given here counts more than one from there. The judgement is learned by the line's signals."""
    found = "SELECT task_id FROM keys WHERE kind = ? AND principal = ? AND key = ?"
    row = db.execute(found, (KIND, PRINCIPAL, old.old_id)).fetchone()
    if row is None or line.judged is None:
        return False
    if db.execute("SELECT 1 FROM ratings WHERE task_id = ? AND at >= ?", (row[0], old.at)).fetchone() is None:
        rating = Rating(
            run_id="", at=old.at, provider=old.provider, rating=old.rating, comment=old.comment, judged=line.judged
        )
        db.execute("DELETE FROM ratings WHERE task_id = ?", row)
        db.execute(RATINGS.insert, RATINGS.values(rating, task_id=row[0]))
    return True
