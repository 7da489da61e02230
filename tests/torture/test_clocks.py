"""The wall's time jumps by an hour between two daemons; a daemon that lives counts by the boot clock and sees none."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.stage import HandClock, Stage, ended, until, waits

pytestmark = [pytest.mark.anyio, pytest.mark.torture]

HOUR = 3600.0
NOW = 1_800_000_000.0


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_an_agent_that_runs_is_not_ended_by_it(tmp_path: Path, jump: float) -> None:
    started, go = tmp_path / "started", tmp_path / "go"
    stage = Stage(tmp_path, clock=HandClock(NOW))
    async with stage.engine() as engine:
        task = await stage.accept(engine, f"touch {started}", f"until {go}", "say done", timeout=60)
        await until(started)
    clock = stage.clock = HandClock(NOW + jump)
    async with stage.engine() as engine:
        await clock.advance(30)  # of its sixty seconds
        go.touch()
        assert (await ended(engine, task)).status == "success"


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
async def test_one_that_does_not_end_still_meets_its_limit(tmp_path: Path, jump: float) -> None:
    started = tmp_path / "started"
    stage = Stage(tmp_path, clock=HandClock(NOW))
    async with stage.engine() as engine:
        task = await stage.accept(engine, f"touch {started}", "sleep 300", timeout=60)
        await until(started)
    clock = stage.clock = HandClock(NOW + jump)
    async with stage.engine() as engine:
        while not (live := engine.attempts.live.get(task.new.run_id)) or live.recorder is None:
            await clock.advance(0)  # until it is followed
        await clock.advance(61)
        assert (await ended(engine, task)).status == "timeout"


async def test_a_wait_that_was_over_long_ago_is_over(tmp_path: Path) -> None:
    stage = Stage(tmp_path, clock=HandClock(NOW))
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say done", delay=600.0)
        await waits(engine, task, "not_before")
    stage.clock = HandClock(NOW + HOUR)
    async with stage.engine() as engine:
        assert (await ended(engine, task)).status == "success"
