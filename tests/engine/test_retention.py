"""What is old goes when somebody says so, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from engine.repository import Repository
from engine.stage import HandClock, Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.bucket import Asked
from modelmuxd.engine.retention import DAY, SOON
from muxwire.faults import FaultError
from muxwire.retention import CleanParams, CleanResult

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0
LARGE = "say " + "x" * 200_000


def stage_in(folder: Path) -> tuple[Stage, HandClock]:
    clock = HandClock(NOW)
    return Stage(folder, clock=clock), clock


def told(result: CleanResult) -> dict[str, int]:
    return {line.what: line.runs for line in result.lines}


def spooled(stage: Stage) -> list[str]:
    return sorted(os.listdir(stage.here.spool))


async def clean(engine: Engine, *what: str, age: str = "1d", dry: bool = False) -> CleanResult:
    return await engine.retention.clean(CleanParams(what=what, older_than=age, dry_run=dry))  # type: ignore[arg-type]


async def test_a_dry_run_tells_and_takes_nothing(tmp_path: Path) -> None:
    stage, clock = stage_in(tmp_path)
    async with stage.engine() as engine:
        old = await stage.run(engine, LARGE)
        await clock.advance(2 * DAY)
        await stage.run(engine, "say young")
        seen = await clean(engine, dry=True)
        assert told(seen) == {"outputs": 1, "events": 1, "runs": 1}
        assert seen.lines[0].bytes > 200_000
        assert len(spooled(stage)) == 2
        assert (await engine.runs.result(await engine.runs.find(old.run_id))).output == "x" * 200_000


@pytest.mark.parametrize("script", ["say small", LARGE])
async def test_outputs_go_and_the_run_says_so(tmp_path: Path, script: str) -> None:
    stage, clock = stage_in(tmp_path)
    async with stage.engine() as engine:
        old = await stage.run(engine, script)
        await clock.advance(2 * DAY)
        assert told(await clean(engine, "outputs")) == {"outputs": 1}
        assert spooled(stage) == []
        result = await engine.runs.result(await engine.runs.find(old.run_id))
        assert (result.output, result.output_cleaned, result.summary) == ("", True, old.summary)
        assert [event async for event in engine.runs.watch(old.run_id)]
        assert told(await clean(engine, "outputs")) == {"outputs": 0}


async def test_events_go_and_the_output_stays(tmp_path: Path) -> None:
    stage, clock = stage_in(tmp_path)
    async with stage.engine() as engine:
        old = await stage.run(engine, "say x")
        await clock.advance(2 * DAY)
        assert told(await clean(engine, "events")) == {"events": 1}
        (last,) = [event async for event in engine.runs.watch(old.run_id)]
        assert type(last).__name__ == "Ended"
        assert (await engine.runs.result(await engine.runs.find(old.run_id))).output == "x"


async def test_runs_go_whole_and_stay_counted(tmp_path: Path) -> None:
    stage, clock = stage_in(tmp_path)
    async with stage.engine() as engine:
        old = await stage.run(engine, "say x", idempotency_key="k")
        await clock.advance(2 * DAY)
        os.mkdir(Path(stage.here.spool, "01kzzzzzzzzzzzzzzzzzzzzzzz-1"))  # left by a crash: no run names it
        assert told(await clean(engine, "runs")) == {"runs": 1}
        assert spooled(stage) == []
        with pytest.raises(FaultError):
            await engine.runs.find(old.run_id)
        (counted,) = await engine.retention._store.sums(Asked())
        assert counted.counts.runs == 1


async def test_what_somebody_still_needs_stays(tmp_path: Path) -> None:
    stage, clock = stage_in(tmp_path)
    async with stage.engine() as engine:
        first = await stage.run(engine, "say x")
        later = await stage.accept(engine, "say y", after=(first.run_id,), delay=9 * DAY)
        await clock.advance(2 * DAY)
        assert told(await clean(engine, "runs")) == {"runs": 0}
        assert await engine.runs.find(first.run_id)
        await engine.runs.cancel(later.new.run_id, "a test")


async def test_a_worktree_that_waits_for_its_user_keeps_its_run(tmp_path: Path) -> None:
    stage, clock = stage_in(tmp_path)
    Repository(stage.workdir)
    async with stage.engine() as engine:
        run = await stage.run(engine, "sh echo hello >new.txt", sandbox="write", worktree=True)
        await clock.advance(2 * DAY)
        seen = await clean(engine, "runs")
        assert (told(seen), seen.pending) == ({"runs": 0}, 1)
        await engine.worktrees.discard(await engine.runs.find(run.run_id))
        assert told(await clean(engine, "runs")) == {"runs": 1}


async def test_the_settings_do_it_once_a_day(tmp_path: Path) -> None:
    stage, clock = stage_in(tmp_path)
    Path(stage.here.profiles).parent.mkdir(parents=True, exist_ok=True)
    Path(stage.here.profiles).write_text('[retention]\noutputs = "12h"\n')
    async with stage.engine() as engine:
        old = await stage.run(engine, LARGE)
        await clock.advance(SOON)
        assert len(spooled(stage)) == 1
        await clock.advance(DAY)
        while spooled(stage):
            await clock.advance(0.0)
        assert (await engine.runs.result(await engine.runs.find(old.run_id))).output_cleaned


@pytest.mark.parametrize(
    ("what", "age", "said"),
    [((), "", "Nothing says"), (("runs",), "", "Nothing says"), ((), "soon", "no age"), ((), "3 d", "no age")],
)
async def test_what_says_no_age_is_refused(tmp_path: Path, what: tuple[str, ...], age: str, said: str) -> None:
    stage, _ = stage_in(tmp_path)
    async with stage.engine() as engine:
        with pytest.raises(FaultError) as refused:
            await clean(engine, *what, age=age)
        assert said in refused.value.fault.message
        assert refused.value.fault.hint


async def test_space_counts_what_is_there(tmp_path: Path) -> None:
    stage, _ = stage_in(tmp_path)
    async with stage.engine() as engine:
        before = await engine.retention.space()
        await stage.run(engine, LARGE)
        after = await engine.retention.space()
    assert after.spool >= before.spool + 200_000
    assert after.database > 0
    assert after.free > 0
