"""What a day came to begins anew at local midnight."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from engine.stage import HandClock, Stage
from modelmuxd.engine.status import today
from muxwire.insight import Today

pytestmark = pytest.mark.anyio


async def test_today_ends_at_midnight(tmp_path: Path) -> None:
    late = datetime(2026, 11, 24, 23, 59).timestamp()
    clock = HandClock(late)
    stage = Stage(tmp_path, clock=clock)
    async with stage.engine() as engine:
        assert await today(engine.store, clock.now()) == Today(runs=0)
        await stage.run(engine, "say x")
        await stage.run(engine, "say y")
        assert await today(engine.store, clock.now()) == Today(runs=2, tokens=10, unpriced=2)
        await clock.advance(120)
        assert await today(engine.store, clock.now()) == Today(runs=0)
        await stage.run(engine, "say z")
        assert (await today(engine.store, clock.now())).runs == 1
