"""What has ended is found again, and adds up."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from engine.stage import Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.engine.history import ENTRIES
from muxwire.faults import FaultError
from muxwire.history import HistoryEntry, HistoryParams, HistoryResult

pytestmark = pytest.mark.anyio


async def ask(engine: Engine, **asked: object) -> HistoryResult:
    return await engine.history.ask(msgspec.convert(asked, HistoryParams))


async def entries(engine: Engine, **asked: object) -> tuple[HistoryEntry, ...]:
    return (await ask(engine, **asked)).entries or ()


async def test_a_run_is_listed_as_0_29_wrote_it_down(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        result = await stage.run(engine, "say sapphire")
        (entry,) = await entries(engine)
        found = await ask(engine, text="sapphire")
    prefix = "cli-" if entry.origin == "cli" else ""
    assert (entry.run_id, entry.source) == (result.run_id, f"{prefix}dispatch")
    assert (entry.task, entry.status) == ("say sapphire", "success")
    assert (entry.output, entry.summary) == (result.output, result.summary)
    assert (found.count, found.next, found.unsearched) == (1, "", 0)


async def test_pages_follow_each_other(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        runs = [(await stage.run(engine, f"say {number}")).run_id for number in range(3)]
        first = await ask(engine, limit=2)
        second = await ask(engine, limit=2, before=first.next)
        every = [
            one.run_id
            async for page in engine.history.pages(HistoryParams(limit=0))
            for one in ENTRIES.decode_lines(page.lines)
        ]
    assert [one.run_id for one in (*(first.entries or ()), *(second.entries or ()))] == runs[::-1]
    assert (first.next, second.next) == (runs[1], "")
    assert every == runs[::-1]


async def test_sums_are_the_same_however_they_are_found(tmp_path: Path) -> None:
    """From what is kept with each end, and, where a filter needs it, from the runs themselves."""
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        for task in ("say one", "say two", "fail"):
            await stage.run(engine, task)
        kept = await ask(engine, stats=True, costs=True)
        looked = await ask(engine, stats=True, costs=True, source="dispatch")
        by_word = await ask(engine, stats=True, text="two")
    assert kept.total == 3
    assert kept.by_provider
    assert [one.calls for one in kept.by_provider.values()] == [3]
    assert (looked.total, looked.by_provider, looked.by_source) == (kept.total, kept.by_provider, kept.by_source)
    assert by_word.total == 1
    assert kept.costs
    assert looked.costs
    assert looked.costs.total_input_tokens == kept.costs.total_input_tokens


async def test_a_trend_counts_each_day(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        await stage.run(engine, "say one")
        await stage.run(engine, "say two")
        found = await ask(engine, trend="day")
        nothing = await ask(engine, trend="hour", until="2001-01-01")
    assert found.trend
    assert sum(one.calls for one in found.trend) == 2
    assert nothing.trend == ()


async def test_what_is_no_time_is_refused_with_the_form(tmp_path: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        for name in ("since", "until"):
            with pytest.raises(FaultError, match="'yesterday' is no time") as caught:
                await ask(engine, **{name: "yesterday"})
            assert "2026-11-01" in caught.value.fault.hint
