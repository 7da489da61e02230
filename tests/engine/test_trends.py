"""What ended by hour and by local day: kept sums say what the runs themselves say, also where a day has 23 hours."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from engine.stage import HandClock
from modelmuxd.domain.usage import Usage
from modelmuxd.engine.history import History
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.tasks import open_store
from muxwire.history import HistoryParams, TrendLine
from muxwire.runs import Origin
from store.builders import a_claim, a_task, an_end

pytestmark = pytest.mark.anyio

FIRST = 1_774_500_000.0
"""Three days before Europe's clocks go forward, 2026-03-29."""
EVERY = 5_000.0
RUNS = 120


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[TaskStore]:
    async with open_store(tmp_path / "modelmux.db") as store:
        for number in range(RUNS):
            await _end(store, number, FIRST + number * EVERY)
        yield store


async def _end(store: TaskStore, number: int, at: float) -> None:
    kind, provider = ("cli", "mcp")[number % 2], ("codex", "claude", "gemini")[number % 3]
    await store.submit(a_task(number, created_at=at - 1, workdir=f"/w/{number}", origin=Origin(kind=kind)))
    attempt = (await store.claim(a_claim(number, provider=provider), at - 1)).attempt
    assert attempt
    ended = {"attempt_state": "crashed", "state": "error"} if number % 5 == 0 else {}
    await store.settle(an_end(attempt, **ended, usage=Usage(output=number), cost_micros=number), at)


async def trend(store: TaskStore, **asked: object) -> tuple[TrendLine, ...]:
    history = History(store, HandClock(FIRST + RUNS * EVERY))
    return (await history.ask(msgspec.convert(asked, HistoryParams))).trend or ()


async def test_a_day_is_the_local_one(store: TaskStore, zone: str) -> None:
    lines = await trend(store, trend="day")
    assert all(f"{datetime.fromtimestamp(line.at):%H:%M}" == "00:00" for line in lines)
    # Kept is the hour, so a zone half an hour off puts an hour where it began.
    hours = [(FIRST + number * EVERY) // 3600 * 3600 for number in range(RUNS)]
    days = Counter(f"{datetime.fromtimestamp(hour):%F}" for hour in hours)
    assert {f"{datetime.fromtimestamp(line.at):%F}": line.calls for line in lines} == days


@pytest.mark.parametrize("by", ["hour", "day"])
@pytest.mark.parametrize("only", [{}, {"provider": "claude"}, {"status": "error"}, {"origin": "mcp"}])
async def test_kept_sums_say_what_the_runs_say(store: TaskStore, zone: str, by: str, only: dict[str, str]) -> None:
    kept = await trend(store, trend=by, **only)
    assert sum(line.calls for line in kept) > 10
    assert await trend(store, trend=by, source="dispatch", **only) == kept


async def test_what_no_sum_is_kept_of_is_counted_run_by_run(store: TaskStore) -> None:
    (line,) = await trend(store, trend="day", workdir="/w/7")
    assert (line.calls, line.tokens, line.cost_usd) == (1, 7, 0.000007)
