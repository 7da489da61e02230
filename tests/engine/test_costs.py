"""What runs came to by day and by whom; and the past priced anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from engine.stage import HandClock, Stage
from modelmuxd.app.rooms import Engine
from muxwire.costs import By, CostsParams

pytestmark = pytest.mark.anyio

SPEND = "spend mine 1000000 0"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path, "codex", "claude", clock=HandClock(datetime(2026, 11, 24, 12).timestamp()))
    made.adapters["codex"].billing = "metered"
    made.adapters["claude"].billing = "subscription"
    return made


def price(stage: Stage, dollars: float) -> None:
    Path(stage.here.profiles).parent.mkdir(parents=True, exist_ok=True)
    Path(stage.here.profiles).write_text(f"[prices.mine]\ninput = {dollars}\noutput = 1\n")


async def shown(engine: Engine, by: By, days: int = 30) -> list[tuple[str, float, float, int]]:
    result = await engine.costs.show(CostsParams(by=by, days=days))
    return [(one.name, one.cost_usd, one.plan_usd, one.unpriced) for one in result.lines]


async def test_by_day_and_by_whom(stage: Stage) -> None:
    price(stage, 2)
    clock = stage.clock
    assert isinstance(clock, HandClock)
    async with stage.engine() as engine:
        await stage.run(engine, SPEND, provider="codex")
        await stage.run(engine, "spend other 5 5", provider="codex")
        await clock.advance(24 * 3600)
        await stage.run(engine, SPEND, provider="claude")
        assert await shown(engine, "day") == [("2026-11-24", 2.0, 0.0, 1), ("2026-11-25", 0.0, 2.0, 0)]
        assert await shown(engine, "day", 1) == [("2026-11-25", 0.0, 2.0, 0)]
        assert await shown(engine, "provider") == [("codex", 2.0, 0.0, 1), ("claude", 0.0, 2.0, 0)]
        assert [name for name, *_ in await shown(engine, "model")] == ["mine", "other"]
        assert await shown(engine, "origin") == [("test", 2.0, 2.0, 1)]
        assert await shown(engine, "workdir") == [(str(stage.workdir), 2.0, 2.0, 1)]
        total = (await engine.costs.show(CostsParams())).total
        assert total is not None
        assert (total.attempts, total.tokens, total.cost_usd, total.plan_usd) == (3, 2_000_010, 2.0, 2.0)


async def test_the_past_is_priced_anew_and_the_old_figure_stays_on_record(stage: Stage) -> None:
    async with stage.engine() as engine:
        run = await stage.run(engine, SPEND, provider="codex")
        plan = await stage.run(engine, SPEND, provider="claude")
        said = await stage.run(engine, "spend others 1 1 70", provider="codex")
        assert run.cost is not None
        assert run.cost.usd is None
        price(stage, 2)
        assert (await engine.costs.reprice()).repriced == 2
        assert (await engine.costs.reprice()).repriced == 0
        after = [(await engine.runs.find(one.run_id)) for one in (run, plan, said)]
        assert [(one.cost_micros, one.plan_micros, one.priced_by) for one in after] == [
            (2_000_000, None, "settings"),
            (0, 2_000_000, "settings"),
            (70, None, "provider"),
        ]
        price(stage, 3)
        assert (await engine.costs.reprice()).repriced == 2
        assert await shown(engine, "provider") == [("codex", 3.00007, 0.0, 0), ("claude", 0.0, 3.0, 0)]
    with closing(sqlite3.connect(stage.here.database)) as db:
        old = db.execute("SELECT cost_micros, plan_micros FROM repricings ORDER BY id").fetchall()
    assert old == [(None, None), (0, None), (2_000_000, None), (0, 2_000_000)]
