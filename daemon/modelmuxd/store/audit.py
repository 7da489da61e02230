"""The audit: every decision with who had asked, newest first, in pages.

What was accepted and what was refused is in the rows of the runs themselves; everything else is in `decisions`, which
the schema only lets grow.
"""

from __future__ import annotations

import sqlite3
from heapq import merge
from itertools import islice

import msgspec
from muxwire.faults import Fault
from muxwire.runs import Origin

from modelmuxd.domain.audit import AuditEntry, AuditWanted

_RUN = "tasks.run_id, iif(tasks.provider <> '', tasks.provider, requests.provider), sandbox, workdir, origin"
_TABLES = (
    (
        "requests.created_at, requests.task_id, 'accept', 'accepted', NULL",
        "requests CROSS JOIN tasks ON tasks.id = requests.task_id",
        "requests.blocked IS NULL",
    ),
    (
        "tasks.ended_at, tasks.id, 'refuse', '', tasks.fault",
        "tasks CROSS JOIN requests ON requests.task_id = tasks.id",
        "tasks.state = 'blocked'",
    ),
    (
        "decisions.at, decisions.id, decisions.kind, decisions.text, NULL",
        "decisions CROSS JOIN tasks ON tasks.id = decisions.task_id JOIN requests ON requests.task_id = tasks.id",
        "TRUE",
    ),
)
"""Of each: time, key, kind, text and fault; where from; which rows."""
_KINDS = ("accept", "refuse")
_ORIGIN = msgspec.json.Decoder(Origin)
_FAULT = msgspec.json.Decoder(Fault)


def audit(db: sqlite3.Connection, wanted: AuditWanted) -> list[AuditEntry]:
    pages = [_page(db, number, wanted) for number in range(len(_TABLES)) if _has(number, wanted.kind)]
    return list(islice(merge(*pages, key=lambda one: one.place, reverse=True), wanted.limit))


def _has(number: int, kind: str) -> bool:
    if not kind:
        return True
    return number == (_KINDS.index(kind) if kind in _KINDS else 2)


def _page(db: sqlite3.Connection, number: int, wanted: AuditWanted) -> list[AuditEntry]:
    columns, tables, rows = _TABLES[number]
    at, key = columns.split(", ")[:2]
    where, values = f"{rows} AND {at} >= ?", list[object]([wanted.since])
    if wanted.before is not None:
        moment, table, last = wanted.before
        where += f" AND ({at}, {key}) < (?, ?)"
        values += [moment, last if number == table else (2**62 if number < table else -1)]
    if wanted.run_id:
        where += " AND tasks.run_id = ?"
        values.append(wanted.run_id)
    if wanted.kind not in ("", *_KINDS):
        where += " AND decisions.kind = ?"
        values.append(wanted.kind)
    asked = f"SELECT {columns}, {_RUN} FROM {tables} WHERE {where} ORDER BY {at} DESC, {key} DESC LIMIT ?"  # noqa: S608
    return [_entry(number, row) for row in db.execute(asked, (*values, wanted.limit))]


def _entry(number: int, row: tuple[object, ...]) -> AuditEntry:
    at, key, kind, text, fault, run_id, provider, sandbox, workdir, origin = row
    asked = _ORIGIN.decode(str(origin))
    if isinstance(fault, str):
        said = _FAULT.decode(fault)
        text = f"{said.code}: {said.message}"
    return msgspec.convert(
        {
            "place": (at, number, key),
            "at": at,
            "kind": kind,
            "text": text,
            "run_id": run_id,
            "provider": provider,
            "sandbox": sandbox,
            "workdir": workdir,
            "origin": asked.kind,
            "caller": asked.caller,
            "principal": asked.principal,
            "parent": asked.parent,
        },
        AuditEntry,
    )
