"""Whatever was decided can be read, page by page, with who had asked; and is not changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from engine.stage import Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.audit import AuditEntry, AuditWanted
from modelmuxd.store.database import open_database
from modelmuxd.store.records import Decided
from muxwire.audit import AuditLine, AuditParams
from muxwire.faults import Fault, FaultError
from store.builders import a_task, run_id

pytestmark = pytest.mark.anyio


async def lines(engine: Engine, asked: AuditParams) -> list[AuditLine]:
    return [line async for page in engine.audit.pages(asked) for line in page]


async def test_a_run_is_told_from_its_acceptance_to_its_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        run = (await stage.run(engine, "say x")).run_id
        told = await lines(engine, AuditParams())
        ended = await lines(engine, AuditParams(kind="end", run_id=run[:10]))
    assert (told[-1].kind, told[0].kind) == ("accept", "end")
    assert {line.run_id for line in told} == {run}
    assert {line.origin for line in told} == {"test"}
    assert [line.kind for line in ended] == ["end"]


async def test_a_refusal_names_its_rule(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        await engine.store.submit(a_task(1, blocked=Fault("policy", "blocked_sandboxes holds full")))
        told = await lines(engine, AuditParams())
    assert [(line.kind, line.text) for line in told] == [("refuse", "policy: blocked_sandboxes holds full")]


async def test_pages_hold_each_entry_once_though_all_are_of_one_time(tmp_path: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        for number in range(1, 6):
            await engine.store.submit(a_task(number, created_at=7.0), [Decided(kind="route", text=str(number))])
        found: list[AuditEntry] = []
        before = None
        while page := await engine.store.audit(AuditWanted(limit=3, before=before)):
            found += page
            before = page[-1].place
        whole = await engine.store.audit(AuditWanted(limit=99))
    assert (len(found), found) == (10, whole)


async def test_a_run_that_is_not_there_and_a_time_that_is_none_are_refused(tmp_path: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        for asked in (AuditParams(run_id=run_id(9)), AuditParams(since="once")):
            with pytest.raises(FaultError):
                await lines(engine, asked)


async def test_what_was_decided_is_only_ever_added_to(tmp_path: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        await engine.store.submit(a_task(1), [Decided(kind="route", text="codex")])
    (path,) = tmp_path.rglob("modelmux.db")
    db = open_database(path)
    for change in ("UPDATE decisions SET text = ''", "DELETE FROM decisions"):
        with pytest.raises(sqlite3.IntegrityError, match="decided"):
            db.execute(change)
    db.execute("DELETE FROM tasks")
    assert db.execute("SELECT count(*) FROM decisions").fetchone() == (0,)
    db.close()
