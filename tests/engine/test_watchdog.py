"""An agent that never says a word is ended early; one that falls silent is only mentioned."""

from __future__ import annotations

from pathlib import Path

import pytest
import scripted
from engine.stage import HandClock, Stage, ended, until
from modelmuxd.engine.silence import TICK, WORTH_A_WORD
from modelmuxd.engine.status import line_of
from muxwire import events as wire

pytestmark = pytest.mark.anyio


async def test_a_hung_start_ends_long_before_the_timeout_and_fails_over(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, "codex", "claude", clock=clock)
    started = tmp_path / "started"
    scripted.install(stage.bin, "codex", f"open({str(started)!r}, 'w').close(); time.sleep(60)")
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say hello", timeout=3600)
        await until(started)
        for _ in range(int(30 / TICK)):
            await clock.advance(TICK)
        result = await ended(engine, task)
        detail = await engine.runs.detail(await engine.runs.find(task.new.run_id))
    assert (result.status, result.provider, result.failover_from) == ("success", "claude", "codex")
    fault = detail.attempts[0].fault
    assert fault is not None
    assert (fault.code, fault.message) == ("crashed", "codex said nothing for 30 s after its start, and was ended.")


async def test_a_night_asleep_is_no_hang(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, clock=clock)
    started, go = tmp_path / "started", tmp_path / "go"
    scripted.install(stage.bin, "codex", f"open({str(started)!r}, 'w').close()")
    async with stage.engine() as engine:
        task = await stage.accept(engine, f"until {go}", "say good morning", timeout=100_000)
        await until(started)
        await clock.advance(8 * 3600)
        go.touch()
        assert (await ended(engine, task)).output == "good morning"


async def test_a_long_silence_is_mentioned_and_nothing_more(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, clock=clock)
    started, go = tmp_path / "started", tmp_path / "go"
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say first", f"touch {started}", f"until {go}", "say last", timeout=100_000)
        await until(started)
        async for event in engine.runs.watch(task.new.run_id):
            if isinstance(event, wire.Text):
                break
        while not any("said nothing" in text for text in await remarks(engine, task.new.run_id)):
            await clock.advance(TICK)
        running = line_of(task, engine.attempts.live.get(task.new.run_id))
        go.touch()
        result = await ended(engine, task)
    assert running.silent_s is not None
    assert running.silent_s >= WORTH_A_WORD
    assert (result.status, result.output) == ("success", "firstlast")


async def remarks(engine, run_id: str) -> list[str]:  # type: ignore[no-untyped-def]
    return [
        event.text
        async for event in engine.runs.watch(run_id, follow=False)
        if isinstance(event, wire.Notice) and event.attempt == 0
    ]
