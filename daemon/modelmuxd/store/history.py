"""Pages of what has ended, newest first. A page begins where the one before it ended, however much is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import msgspec
from muxwire.faults import Fault

from modelmuxd.domain.past import OUTPUT, TASK, Page, Past, Wanted
from modelmuxd.domain.usage import Usage
from modelmuxd.store import search
from modelmuxd.store.standing import unknown_run

_SOURCE = "iif(requests.plan IS NULL, 'dispatch', json_extract(requests.plan, '$.type'))"
_KIND = "coalesce(json_extract(requests.origin, '$.kind'), 'cli')"
_TEXT = "coalesce(outputs.output, heads.head, '')"
# `substr` counts characters from the first one. Most answers are short, which their bytes show at half the cost.
_OUTPUT = f"iif(length(substr(CAST({_TEXT} AS BLOB), {OUTPUT + 1})) = 0, {_TEXT}, substr({_TEXT}, 1, {OUTPUT}))"
_COLUMNS = {
    "run_id": "tasks.run_id",
    "created_at": "requests.created_at",
    "started_at": "tasks.started_at",
    "ended_at": "tasks.ended_at",
    "state": "tasks.state",
    "asked": "requests.provider",
    "provider": "tasks.provider",
    "model": "iif(tasks.model <> '', tasks.model, requests.model)",
    "session_id": "tasks.session_id",
    "summary": "tasks.summary",
    "task": f"substr(requests.task, 1, {TASK})",
    "output": _OUTPUT,
    "output_size": "tasks.output_size",
    "cost_micros": "tasks.cost_micros",
    "plan_micros": "tasks.plan_micros",
    "priced_by": "tasks.priced_by",
    "failover_from": "tasks.failover_from",
    "caller_excluded": "requests.caller_excluded",
    "profile": "requests.profile",
    "sandbox": "requests.sandbox",
    "workdir": "requests.workdir",
    "kind": _KIND,
    "caller": "coalesce(json_extract(requests.origin, '$.caller'), '')",
    "source": _SOURCE,
    "part_of": "requests.part_of",
    "step": "requests.step",
    "cleaned": "tasks.cleaned",
    "fault": "tasks.fault",
    "usage": "tasks.usage",
}
_SELECT = (
    f"SELECT {', '.join(_COLUMNS[name] for name in Past.__struct_fields__)} FROM tasks"  # noqa: S608
    " JOIN requests ON requests.task_id = tasks.id LEFT JOIN outputs ON outputs.task_id = tasks.id"
    " LEFT JOIN heads ON heads.task_id = tasks.id"
)
_FAULT = msgspec.json.Decoder(Fault)
_USAGE = msgspec.json.Decoder(Usage)

Condition = tuple[str, tuple[object, ...]]


def history(db: sqlite3.Connection, wanted: Wanted) -> Page:
    """Raises FaultError(NOT_FOUND) for a page after a run that is not there."""
    conditions = [("tasks.ended_at IS NOT NULL", ()), *_conditions(db, wanted)]
    where = " AND ".join(text for text, _ in conditions)
    values = [value for _, given in conditions for value in given]
    rows = db.execute(
        f"{_SELECT} WHERE {where} ORDER BY tasks.ended_at DESC, tasks.id DESC LIMIT ?",
        (*values, wanted.limit),
    )
    return Page(runs=tuple(map(_past, rows)), unsearched=search.behind(db) if wanted.text else 0)


def _conditions(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Condition]:
    if wanted.before:
        yield "(tasks.ended_at, tasks.id) < (?, ?)", _place(db, wanted.before)
    if wanted.provider:
        yield "tasks.provider = ?", (wanted.provider,)
    if wanted.status:
        yield "tasks.state = ?", (wanted.status,)
    if wanted.since is not None:
        yield "tasks.ended_at >= ?", (wanted.since,)
    if wanted.until is not None:
        yield "tasks.ended_at < ?", (wanted.until,)
    if wanted.source:
        yield f"{_SOURCE} = ?", (wanted.source,)
    if wanted.kind:
        yield f"{_KIND} = ?", (wanted.kind,)
    if wanted.workdir:
        folder = wanted.workdir.rstrip("/")  # `0` comes after `/`: all that is below, by the order of the bytes
        yield (
            "(requests.workdir = ? OR (requests.workdir > ? AND requests.workdir < ?))",
            (folder or "/", f"{folder}/", f"{folder}0"),
        )
    if wanted.text:
        yield "tasks.id IN (SELECT rowid FROM texts WHERE texts MATCH ?)", (search.query(wanted.text),)
    elif not wanted.provider:
        yield "requests.part_of = ''", ()


def _place(db: sqlite3.Connection, run_id: str) -> tuple[float, int]:
    row = db.execute("SELECT ended_at, id FROM tasks WHERE run_id = ? AND ended_at IS NOT NULL", (run_id,)).fetchone()
    if row is None:
        raise unknown_run(run_id)
    return row[0], row[1]


def _past(row: tuple[Any, ...]) -> Past:
    """Types are as STRICT tables keep them; a million rows go through here one by one."""
    *plain, cleaned, fault, usage = row
    plain += (
        bool(cleaned),
        None if fault is None else _FAULT.decode(fault),
        None if usage is None else _USAGE.decode(usage),
    )
    return Past(*plain)
