"""Pages of what has ended, newest first. A page begins where the one before it ended, however much is there.

SQLite itself writes the JSON lines: the interpreter handles pages, not rows, and its other threads go on meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

import msgspec
from muxwire.faults import Fault
from muxwire.history import HistoryEntry
from muxwire.runs import Cost, TokenUsage

from modelmuxd.domain.past import OUTPUT, TASK, Page, Wanted
from modelmuxd.store import search
from modelmuxd.store.standing import unknown_run

SOURCE = "iif(requests.plan IS NULL, 'dispatch', json_extract(requests.plan, '$.type'))"
KIND = "coalesce(json_extract(requests.origin, '$.kind'), 'cli')"
_TEXT = "coalesce(outputs.output, heads.head, '')"
# `substr` counts characters from the first one. Most answers are short, which their bytes show at half the cost.
_OUTPUT = f"iif(length(substr(CAST({_TEXT} AS BLOB), {OUTPUT + 1})) = 0, {_TEXT}, substr({_TEXT}, 1, {OUTPUT}))"
_USED = "tasks.usage"
INPUT, CACHED, WRITTEN, ANSWER, REASONING = (
    f"coalesce(json_extract({_USED}, '$.{name}'), 0)"
    for name in ("input", "cached", "cache_write", "output", "reasoning")
)
_TOKENS = {
    "input_tokens": f"{INPUT} + {CACHED} + {WRITTEN}",
    "output_tokens": f"{ANSWER} + {REASONING}",
    "total_tokens": f"{INPUT} + {CACHED} + {WRITTEN} + {ANSWER} + {REASONING}",
    "cached_input_tokens": CACHED,
    "cache_write_input_tokens": WRITTEN,
    "reasoning_output_tokens": REASONING,
}
_COST = {
    "usd": "tasks.cost_micros / 1000000.0",
    "source": "iif(tasks.priced_by <> '', tasks.priced_by, iif(tasks.cost_micros IS NULL, 'unknown', 'provider'))",
    "plan_usd": "tasks.plan_micros / 1000000.0",
}
_NO_FAULT = msgspec.json.encode(dict.fromkeys(Fault.__struct_fields__) | msgspec.structs.asdict(Fault("", ""))).decode()


def _object(struct: type[msgspec.Struct], values: Mapping[str, str]) -> str:
    """A JSON object with all keys of a struct."""
    pairs = (f"'{name}', {values[name]}" for name in struct.__struct_fields__)
    return f"json_object({', '.join(pairs)})"


_VALUES = {
    "ts": "round(tasks.ended_at, 3)",
    "run_id": "tasks.run_id",
    "source": f"iif({KIND} = 'cli' AND {SOURCE} IN ('dispatch', 'broadcast'), 'cli-', '') || {SOURCE}",
    "provider": "iif(tasks.provider <> '', tasks.provider, requests.provider)",
    "status": "tasks.state",
    "task": f"substr(requests.task, 1, {TASK})",
    "summary": "tasks.summary",
    "output": _OUTPUT,
    "session_id": "tasks.session_id",
    "duration_seconds": "coalesce(round(max(0.0, tasks.ended_at - tasks.started_at), 3), 0.0)",
    "token_usage": f"iif({_USED} IS NULL, NULL, {_object(TokenUsage, _TOKENS)})",
    "cost": _object(Cost, _COST),
    "error": f"json_patch('{_NO_FAULT}', tasks.fault)",
    "model": "iif(tasks.model <> '', tasks.model, requests.model)",
    "routed_from": "iif(requests.provider = 'auto', 'auto', NULL)",
    "caller_excluded": "nullif(requests.caller_excluded, '')",
    "failover_from": "nullif(tasks.failover_from, '')",
    "profile": "requests.profile",
    "sandbox": "requests.sandbox",
    "workdir": "requests.workdir",
    "origin": KIND,
    "caller": "coalesce(json_extract(requests.origin, '$.caller'), '')",
    "output_size": "nullif(tasks.output_size, 0)",
    "output_cleaned": "json(iif(tasks.cleaned, 'true', 'false'))",
    "part_of": "requests.part_of",
    "step": "requests.step",
}
_LINES = (
    f"SELECT {_object(HistoryEntry, _VALUES)} AS line FROM tasks"  # noqa: S608 - our own names
    " JOIN requests ON requests.task_id = tasks.id LEFT JOIN outputs ON outputs.task_id = tasks.id"
    " LEFT JOIN heads ON heads.task_id = tasks.id"
)

PAGE = 100
"""Runs in memory at a time, where all are asked for: what they print goes to a client in one message or two."""
NO_LIMIT = 2**62
_LAST = msgspec.json.Decoder(HistoryEntry)

Condition = tuple[str, tuple[object, ...]]


def history(db: sqlite3.Connection, wanted: Wanted) -> Page:
    """Raises FaultError(NOT_FOUND) for a page after a run that is not there."""
    listed = "TRUE" if wanted.text or wanted.provider else "requests.part_of = ''"
    where, values = matching(db, wanted, listed)
    lines = f"{_LINES} WHERE {where} ORDER BY tasks.ended_at DESC, tasks.id DESC LIMIT ?"
    page = f"SELECT CAST(group_concat(line, char(10)) || char(10) AS BLOB), count(*) FROM ({lines}) AS page"  # noqa: S608 - our own names
    found, count = db.execute(page, (*values, wanted.limit)).fetchone()
    behind = search.behind(db) if wanted.text else 0
    if not count:
        return Page(unsearched=behind)
    last = _LAST.decode(found[found.rfind(b"\n", 0, -1) + 1 :]).run_id
    return Page(lines=found, count=count, last=last, unsearched=behind)


def matching(db: sqlite3.Connection, wanted: Wanted, kind: str) -> tuple[str, list[object]]:
    """The condition that ended runs of the `kind` meet where they are wanted, and its values."""
    conditions = [("tasks.ended_at IS NOT NULL", ()), *_conditions(db, wanted), (kind, ())]
    return " AND ".join(text for text, _ in conditions), [value for _, given in conditions for value in given]


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
        yield f"{SOURCE} = ?", (wanted.source,)
    if wanted.kind:
        yield f"{KIND} = ?", (wanted.kind,)
    if wanted.workdir:
        folder = wanted.workdir.rstrip("/")  # `0` comes after `/`: all that is below, by the order of the bytes
        yield (
            "(requests.workdir = ? OR (requests.workdir > ? AND requests.workdir < ?))",
            (folder or "/", f"{folder}/", f"{folder}0"),
        )
    if wanted.text:
        yield "tasks.id IN (SELECT rowid FROM texts WHERE texts MATCH ?)", (search.query(wanted.text),)


def _place(db: sqlite3.Connection, run_id: str) -> tuple[float, int]:
    row = db.execute("SELECT ended_at, id FROM tasks WHERE run_id = ? AND ended_at IS NOT NULL", (run_id,)).fetchone()
    if row is None:
        raise unknown_run(run_id)
    return row[0], row[1]
