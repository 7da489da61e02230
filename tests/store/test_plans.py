"""No statement of the store reads a whole table: what a dispatch costs does not grow with what was done before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from modelmuxd.domain.account import Cooldown
from modelmuxd.domain.audit import AuditWanted
from modelmuxd.domain.bucket import Asked
from modelmuxd.domain.budget import CallLimit, Reserve
from modelmuxd.domain.knowledge import Judged, Knowledge, Reached
from modelmuxd.domain.past import Wanted
from modelmuxd.domain.plans import Broadcast
from modelmuxd.domain.rating import Rating
from modelmuxd.domain.usage import Usage
from modelmuxd.store import (
    accounts,
    audit,
    buckets,
    budgets,
    composites,
    ending,
    history,
    knowledge,
    lineage,
    lookup,
    ratings,
    search,
    tally,
)
from modelmuxd.store.accept import accept
from modelmuxd.store.claim import adopt, start_attempt
from modelmuxd.store.database import open_database
from modelmuxd.store.records import Decided, Ending
from modelmuxd.store.settle import append, settle
from muxwire.events import Text
from muxwire.runs import Origin
from store.builders import a_claim, a_task, an_end, run_id

BOUNDED = (
    "SCAN attempts USING INDEX attempts_one_at_a_time",
    "SCAN leases",
    "SCAN accounts",
    "SCAN ratings USING INDEX ratings_at",
    "SCAN pauses",
    "SCAN spans",
    "SCAN page",
    "SCAN texts VIRTUAL TABLE INDEX 0:M2",
    "SCAN unsearched",
    "SCAN main.texts_config",
)
"""A partial index and tables that hold as many rows as attempts run, or as there are accounts; the sums of a span; a
page; the settings of the index of words, and what it is owed."""


def everything(db: sqlite3.Connection) -> None:
    """Each operation of the store once."""
    for number in (1, 2):
        accept(db, a_task(number, idempotency_key=str(number)), [Decided(kind="route", text="x")])
    limits = (CallLimit(key="k", seconds=60.0, most=9),)
    reserve = (Reserve(bucket="b", amount=1, limit=9),)
    claim = a_claim(1, workdir="/w", root=run_id(1), calls=limits, reserve=reserve)
    attempt = start_attempt(db, claim, 0, 1.0).attempt
    assert attempt
    adopt(db, run_id(1), 1, 0)
    append(db, run_id(1), 1, 0, [Text(attempt=1, text="x")])
    settle(db, an_end(attempt, usage=Usage(), session_id="s", output="x"), 2.0)
    ending.wait_for(db, run_id(2), "slots", "x", None, 2.0)
    ending.request_cancel(db, run_id(2), "x", 2.0)
    ending.end(db, run_id(2), "error", None, 2.0, ())
    ending.decide(db, run_id(2), (), 2.0)
    accept(db, a_task(3, root=run_id(1), origin=Origin(parent=run_id(1)), after=(run_id(1),)), ())
    lineage.descendants(db, run_id(1))
    lineage.spawned(db, run_id(1), 0.0)
    budgets.started_since(db, 0.0)
    accounts.cool_down(db, Cooldown(account="a", provider="p", until=9.0, kind="quota", text="x"))
    accounts.pause(db, "p", "x", 1.0)
    accounts.clear(db, "p")
    lookup.find(db, run_id(1)[:12])
    lookup.unfinished_after(db, 0)
    lookup.recent(db, 20)
    for before in (None, (9.0, 1, 5)):
        audit.audit(db, AuditWanted(limit=9, before=before))
    lookup.spent_since(db, 1.0)
    search.catch_up(db)
    for wanted in ({}, {"provider": "codex"}, {"status": "success"}, {"since": 1.0}, {"text": "say"}):
        history.history(db, Wanted(limit=9, **wanted))
    history.history(db, Wanted(limit=9, before=run_id(1)))
    tally.tally(db, Wanted(limit=0, workdir="/w"), Asked(by=("status",), each="day"))
    accept(db, a_task(4, plan=Broadcast(members=(), timeout=9)), ())
    composites.spawn(db, run_id(4), [a_task(5, part_of=run_id(4), step="a", round=1)], ())
    composites.turns(db, run_id(4))
    composites.finish(db, Ending(run_id=run_id(4), state="success"), 3.0)
    buckets.sums(db, Asked(since=1, until=99, by=("provider",)))
    lookup.attempts(db, run_id(1))
    lookup.decisions(db, run_id(1))
    lookup.events(db, run_id(1), 0, 10)
    lookup.session_usage(db, "codex", "s")
    lookup.session_worktree(db, "codex", "s")
    knowledge.learn(db, [Reached(at=1.0, agent="codex")])
    judged = Judged(at=1.0, agent="codex", value=1.0, source="rating")
    ratings.rate(db, Rating(run_id=run_id(1), at=1.0, provider="codex", rating=5, judged=judged))
    ratings.ratings(db, 20)
    knowledge.signals(db, 0, 10)
    knowledge.keep(db, Knowledge(), 1)
    knowledge.replace(db, knowledge.knowledge(db)[0])


def test_every_statement_finds_its_rows_by_an_index(tmp_path: Path) -> None:
    statements: list[str] = []
    with closing(open_database(tmp_path / "modelmux.db")) as db:
        db.set_trace_callback(statements.append)
        everything(db)
        db.set_trace_callback(None)
        asked = {sql for sql in statements if sql.startswith(("SELECT", "UPDATE", "DELETE"))}
        plans = {sql: [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")] for sql in asked}
    assert len(plans) > 15
    slow = {sql: plan for sql, plan in plans.items() if any(s.startswith("SCAN") and s not in BOUNDED for s in plan)}
    assert slow == {}
