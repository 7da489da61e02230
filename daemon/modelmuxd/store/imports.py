"""Taking over what another version kept, a page of lines in a transaction, each of them once: whatever has become of
its runs since, a line whose digest is known adds nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain

from modelmuxd.domain.bucket import Bucket, Counts
from modelmuxd.domain.imported import OldRating
from modelmuxd.domain.rating import Rating
from modelmuxd.store import buckets, counting, knowledge
from modelmuxd.store.records import Decided, Line, OldRun, Task
from modelmuxd.store.rows import ATTEMPTS, DECISIONS, RATINGS, REQUESTS, USAGE, Rows
from modelmuxd.store.standing import note

KIND, PRINCIPAL = "import", "0.29"
"""The scope in which old ids lead to runs, as idempotency keys do."""
ABOUT_S = 5.0
"""Seconds that two files' times for the end of one run may differ."""

_TASK = Rows("tasks", Task, key=("id", "run_id"), besides=("new", "output"))
_KEY = "INSERT OR IGNORE INTO keys (kind, principal, key, task_id) VALUES (?, ?, ?, ?)"


def take_over(db: sqlite3.Connection, lines: Sequence[Line]) -> tuple[int, int]:
    """How many of them were new, and how many of these rate a run that is not there."""
    fresh = _fresh(db, lines)
    runs = [run for line in fresh for run in line.runs]
    _insert(db, [run for run in runs if not run.echo])
    for run in runs:  # what one of them brings, the next may tell of again
        if run.echo and not _noted(db, run):
            _insert(db, [run])
    unmatched = sum(line.rating is not None and not _rate(db, line.rating, line) for line in fresh)
    knowledge.learn(db, [signal for line in fresh for signal in line.signals])
    return len(fresh), unmatched


def known(db: sqlite3.Connection, digests: Sequence[bytes]) -> int:
    """How many of them were taken over before."""
    return len(_known(db, digests))


def _known(db: sqlite3.Connection, digests: Sequence[bytes]) -> set[bytes]:
    marks = ", ".join("?" * len(digests))
    found = db.execute(f"SELECT line FROM imported WHERE line IN ({marks})", digests)  # noqa: S608 - question marks
    return {digest for (digest,) in found}


def _fresh(db: sqlite3.Connection, lines: Sequence[Line]) -> list[Line]:
    """Those that are new, each once; from here on they are known."""
    once = {line.digest: line for line in reversed(lines)}
    old = _known(db, list(once))
    fresh = [line for digest, line in reversed(once.items()) if digest not in old]
    db.executemany("INSERT INTO imported VALUES (?)", [(line.digest,) for line in fresh])
    return fresh


def _insert(db: sqlite3.Connection, runs: Sequence[OldRun]) -> None:
    """All of them into each table at once: what a statement costs is paid for by the page."""
    first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM tasks").fetchone()[0]
    added = list(enumerate(runs, first))
    tried = [(of, run.attempt) for of, run in added if run.attempt is not None]
    for statement, rows in (
        (_TASK.insert, [_TASK.values(run.task, id=of, run_id=run.task.new.run_id) for of, run in added]),
        (REQUESTS.insert, [REQUESTS.values(run.task.new, task_id=of) for of, run in added]),
        ("INSERT INTO outputs VALUES (?, ?)", [(of, run.task.output) for of, run in added if run.task.output]),
        (_KEY, [(KIND, PRINCIPAL, run.old_id, of) for of, run in added if run.old_id]),
        ("INSERT INTO unsearched VALUES (?)", [(of,) for of, _ in added]),
        (DECISIONS.insert, [DECISIONS.values(_why(run), task_id=of, at=run.task.new.created_at) for of, run in added]),
        (ATTEMPTS.insert, [ATTEMPTS.values(one, task_id=of) for of, one in tried]),
        (USAGE.insert, [USAGE.values(one.usage, task_id=of, number=one.number) for of, one in tried if one.usage]),
    ):
        db.executemany(statement, rows)
    _count(db, runs)


def _why(run: OldRun) -> Decided:
    return Decided(kind="import", text=run.why)


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


def _count(db: sqlite3.Connection, runs: Sequence[OldRun]) -> None:
    sums: dict[Bucket, Counts] = {}
    for bucket, counts in chain.from_iterable(map(_counted, runs)):
        sums[bucket] = sums[bucket] + counts if bucket in sums else counts
    for bucket, counts in sums.items():
        buckets.add(db, bucket, counts)


def _counted(run: OldRun) -> Iterator[tuple[Bucket, Counts]]:
    """Its attempt, and itself unless it is made of others, which count themselves."""
    task, new, attempt = run.task, run.task.new, run.attempt
    where = {"kind": new.origin.kind, "workdir": new.workdir}
    assert task.ended_at is not None
    if attempt is not None:
        yield counting.an_attempt(
            state=attempt.state,
            ended=task.ended_at,
            provider=attempt.provider,
            model=attempt.model,
            account=attempt.account,
            usage=attempt.usage,
            cost=attempt.cost_micros,
            plan=attempt.plan_micros,
            **where,
        )
    if new.plan is None:
        yield counting.a_run(
            state=task.state,
            started=task.started_at,
            ended=task.ended_at,
            asked=new.provider,
            provider=task.provider,
            model=task.model,
            account=attempt.account if attempt else "",
            **where,
        )


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
