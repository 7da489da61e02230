"""Sums of the runs themselves, for what the kept sums know nothing of: words, a folder, a command. Reads every run that
is wanted; what was cleaned away is not in them.

As in the kept sums, turns count with their providers and what is made of them counts nothing, unless it is asked for by
its kind.
"""

from __future__ import annotations

import sqlite3

from modelmuxd.domain.bucket import FIELDS, Asked, Sum
from modelmuxd.domain.past import Wanted
from modelmuxd.store.buckets import GROUPS, to_sum
from modelmuxd.store.counting import HOUR_S
from modelmuxd.store.history import ANSWER, CACHED, INPUT, KIND, REASONING, SOURCE, WRITTEN, matching

_COUNTS = {
    "runs": "1",
    "calls": "1",
    "attempts": "0",
    "input": INPUT,
    "cached": CACHED,
    "cache_write": WRITTEN,
    "output": ANSWER,
    "reasoning": REASONING,
    "cost_micros": "coalesce(tasks.cost_micros, 0)",
    "unpriced": "tasks.cost_micros IS NULL AND tasks.usage IS NOT NULL",
    "told": "tasks.usage IS NOT NULL",
    "plan_micros": "coalesce(tasks.plan_micros, 0)",
    "ms": "coalesce(CAST(round(max(0.0, tasks.ended_at - tasks.started_at) * 1000) AS INTEGER), 0)",
}
_BY = {
    "provider": f"iif(requests.plan IS NULL, iif(tasks.provider <> '', tasks.provider, requests.provider), {SOURCE})",
    "kind": KIND,
    "status": "tasks.state",
}


def tally(db: sqlite3.Connection, wanted: Wanted, asked: Asked) -> list[Sum]:
    """In the order of what was asked `by`, times first; of provider, kind and status. `wanted` filters, not `asked`."""
    where, values = matching(db, wanted, "requests.part_of = ''" if wanted.source else "requests.plan IS NULL")
    columns = {**_COUNTS, **{str(name): _BY[name] for name in asked.by}}
    counted = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    runs = (
        f"SELECT {counted}, CAST(tasks.ended_at AS INTEGER) / {HOUR_S} AS hour FROM tasks"  # noqa: S608 - our own names
        f" JOIN requests ON requests.task_id = tasks.id WHERE {where}"
    )
    by = ", ".join((*GROUPS[asked.each], *asked.by))
    picked = ", ".join((*(f"sum({name})" for name in FIELDS), "min(hour)" if asked.each else "0", *asked.by))
    return [to_sum(row, asked.by) for row in db.execute(f"SELECT {picked} FROM ({runs}) AS runs GROUP BY {by}", values)]  # noqa: S608
