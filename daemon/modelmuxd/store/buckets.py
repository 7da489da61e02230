"""Statistics: sums kept by the writer in the transaction of each end, and read without looking at any run.

Every end is counted in four rows: its hour, the same hour in rough, its day of UTC, and all time. A question is
answered from the largest spans that fit into it, and in rough where it tells no more apart than that. Runs that are
cleaned away stay counted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec.structs import replace
from muxwire.runs import Origin

from modelmuxd.domain.bucket import ELSEWHERE, FIELDS, Asked, Bucket, Counts, Sum
from modelmuxd.domain.usage import Usage
from modelmuxd.store import counting
from modelmuxd.store.counting import HOUR_S

HOUR = 1
DAY = 24
EVER = 0
ROUGH = -1
"""An hour of which only `_ROUGHLY` is told apart: a trend reads a few rows an hour, however many folders there are."""

FOLDERS_A_DAY = 64
FOLDERS_EVER = 256
"""Folders with rows of their own; a thousand throw-away ones must not make a thousand rows an hour."""

_ROUGHLY = frozenset({"provider", "kind", "status"})
_KEY = ("span", *Bucket.__struct_fields__)
_ADD = (
    f"INSERT INTO statistics ({', '.join((*_KEY, *FIELDS))})"  # noqa: S608 - our own names
    f" VALUES ({', '.join('?' * (len(_KEY) + len(FIELDS)))}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in FIELDS)
)
GROUPS = {"": (), "hour": ("hour",), "day": (f"date(hour * {HOUR_S}, 'unixepoch', 'localtime')",)}
_ORIGIN = msgspec.json.Decoder(Origin)


def add(db: sqlite3.Connection, bucket: Bucket, counts: Counts) -> None:
    """Count something more, or with the difference of two `Counts` correct what was counted."""
    for span, of in _rows(db, bucket):
        db.execute(_ADD, (span, *msgspec.structs.astuple(of), *msgspec.structs.astuple(counts)))


def run_ended(db: sqlite3.Connection, task_id: int) -> None:
    """Count a run at its end, as it stands in its row now."""
    if counted := of_run(db, task_id):
        add(db, *counted)


def of_run(db: sqlite3.Connection, task_id: int) -> tuple[Bucket, Counts] | None:
    """Where an ended run counts, and with what. A composite is not counted: its turns are."""
    state, ended, started, provider, model, asked, origin, workdir, plan, account = db.execute(
        "SELECT state, ended_at, started_at, tasks.provider, tasks.model, requests.provider, origin, workdir, plan,"
        " (SELECT account FROM attempts WHERE task_id = tasks.id ORDER BY number DESC LIMIT 1)"
        " FROM tasks JOIN requests ON requests.task_id = tasks.id WHERE tasks.id = ?",
        (task_id,),
    ).fetchone()
    if plan is not None:
        return None
    return counting.a_run(
        state=state,
        started=started,
        ended=ended,
        asked=asked,
        provider=provider,
        model=model,
        account=account or "",
        kind=_ORIGIN.decode(origin).kind,
        workdir=workdir,
    )


def attempt_ended(db: sqlite3.Connection, task_id: int, number: int) -> None:
    """Count an attempt at its end, as it stands in its row now."""
    add(db, *of_attempt(db, task_id, number))


def of_attempt(db: sqlite3.Connection, task_id: int, number: int) -> tuple[Bucket, Counts]:
    """Where an ended attempt counts, and with what. Whoever changes its cost asks before and after, and adds the
    difference."""
    state, ended, provider, model, account, cost, plan, origin, workdir, told, *tokens = db.execute(
        "SELECT state, attempts.ended_at, attempts.provider, attempts.model, account, cost_micros, plan_micros, origin,"
        " workdir, usage.task_id, input, cached, cache_write, output, reasoning"
        " FROM attempts JOIN requests USING (task_id) LEFT JOIN usage USING (task_id, number)"
        " WHERE attempts.task_id = ? AND attempts.number = ?",
        (task_id, number),
    ).fetchone()
    return counting.an_attempt(
        state=state,
        ended=ended,
        provider=provider,
        model=model,
        account=account,
        kind=_ORIGIN.decode(origin).kind,
        workdir=workdir,
        usage=None if told is None else Usage(*tokens),
        cost=cost,
        plan=plan,
    )


def sums(db: sqlite3.Connection, asked: Asked) -> list[Sum]:
    """In the order of what was asked `by`, times first."""
    ranges = hours_of(asked.since, asked.until) if asked.each else spans_of(asked.since, asked.until)
    hours = ROUGH if _ROUGHLY.issuperset((*asked.by, *asked.only)) else HOUR
    where, allowed = _where(asked)
    values: list[int | str] = []
    for span, start, stop in ranges:
        values += (hours if span == HOUR else span, start, stop, *allowed)
    covered = " UNION ALL ".join([f"SELECT * FROM statistics WHERE {where}"] * len(ranges))  # noqa: S608
    by = ", ".join((*GROUPS[asked.each], *asked.by))
    picked = ", ".join((*(f"sum({name})" for name in FIELDS), "min(hour)" if asked.each else "0", *asked.by))
    grouped = f"GROUP BY {by} ORDER BY {by}" if by else ""
    rows = db.execute(f"SELECT {picked} FROM ({covered}) AS spans {grouped}", values) if ranges else ()  # noqa: S608
    return [to_sum(row, asked.by) for row in rows if row[0] is not None]


def spans_of(since: int | None, until: int | None) -> list[tuple[int, int, int]]:
    """Disjoint `(span, first hour, hour to stop at)` that cover the hours from `since` to before `until`.

    >>> spans_of(None, None)
    [(0, 0, 1)]
    >>> spans_of(23, 73)
    [(1, 23, 24), (24, 24, 72), (1, 72, 73)]
    """
    if since is None and until is None:
        return [(EVER, 0, 1)]
    since, until = since or 0, _FAR if until is None else until
    first, last = -(-since // DAY) * DAY, until // DAY * DAY
    if first >= last:
        return [(HOUR, since, until)] if since < until else []
    covered = [(HOUR, since, first), (DAY, first, last), (HOUR, last, until)]
    return [(span, start, stop) for span, start, stop in covered if start < stop]


def hours_of(since: int | None, until: int | None) -> list[tuple[int, int, int]]:
    return [(HOUR, since or 0, _FAR if until is None else until)]


_FAR = 2**40 // DAY * DAY
"""An hour that never comes, at a day's beginning."""


def _where(asked: Asked) -> tuple[str, list[str]]:
    text, values = "span = ? AND hour >= ? AND hour < ?", list[str]()
    for name, allowed in asked.only.items():
        text += f" AND {name} IN ({', '.join('?' * len(allowed))})"
        values += allowed
    return text, values


def to_sum(row: tuple[Any, ...], by: tuple[str, ...]) -> Sum:
    """Types are as STRICT tables keep them, so nothing is validated again."""
    named = dict(zip(("hour", *by), row[len(FIELDS) :], strict=True))
    return Sum(of=Bucket(**named), counts=Counts(*row[: len(FIELDS)]))


def _rows(db: sqlite3.Connection, bucket: Bucket) -> Iterator[tuple[int, Bucket]]:
    """Each row that something counts in: its span, and what it holds together."""
    day = bucket.hour // DAY
    named = _folder(db, day, bucket.workdir)
    yield HOUR, replace(bucket, workdir=named)
    yield ROUGH, replace(bucket, model="", account="", workdir="")
    yield DAY, replace(bucket, hour=day * DAY, workdir=named)
    yield EVER, replace(bucket, hour=0, workdir=_folder(db, -1, bucket.workdir))


def _folder(db: sqlite3.Connection, day: int, workdir: str) -> str:
    """The folder's own name, while there is room for it on this day."""
    if db.execute("SELECT 1 FROM folders WHERE day = ? AND workdir = ?", (day, workdir)).fetchone():
        return workdir
    most = FOLDERS_EVER if day < 0 else FOLDERS_A_DAY
    if db.execute("SELECT count(*) FROM folders WHERE day = ?", (day,)).fetchone()[0] >= most:
        return ELSEWHERE
    db.execute("INSERT INTO folders VALUES (?, ?)", (day, workdir))
    return workdir
