"""Keys die with the daemon that had them: whoever follows a run of an earlier one is asked for them again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_stage import script
from edge.house import House, over
from engine.stage import until, waits
from modelmuxd.store.records import Task
from muxwire.settings.model import Limits

pytestmark = pytest.mark.anyio
KEY = "ITS_KEY"


async def held(house: House) -> Task:
    """A run that was queued under a daemon that is gone. It was asked for with a key."""
    go, started = house.root / "go", house.root / "started"
    async with house.served() as (engine, _):
        await house.accept(engine, f"touch {started}", f"until {go}")
        task = await house.accept(engine, f"env {KEY}", secrets={KEY: "old"}, idempotency_key="k")
        await until(started)
    go.touch()
    return task


@pytest.fixture
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="mux") as folder:  # pytest's own paths can be too long for a socket
        yield House(Path(folder), limits=Limits(running=1, per_provider=1), secrets=(KEY,))


@pytest.mark.parametrize("words", [("wait",), ("attach",), ("logs", "-f")], ids=" ".join)
async def test_who_follows_a_run_supplies_its_keys(house: House, words: tuple[str, ...]) -> None:
    task = await held(house)
    async with house.served() as (engine, _):
        await waits(engine, task, "environment")
        code, out, errors = await over(house.muxctl(*words, task.new.run_id, ITS_KEY="new"))
        now = await engine.runs.result(await engine.runs.find(task.new.run_id))
    assert (code, now.status, now.output) == (0, "success", "new"), (out, errors)


async def test_an_agent_that_waits_for_another_run_supplies_nothing(house: House) -> None:
    """Or it could have the user's work done under a key of its own choice."""
    task = await held(house)
    wait = f"MODELMUX_HOME={house.root}/home {KEY}=agents {script()} wait --wait 0.3 {task.new.run_id}"
    async with house.served() as (engine, _):
        agent = await house.run(engine, f"sh {wait}", secrets={}, priority=9)
        await waits(engine, task, "environment")
    assert task.new.run_id[:16] in agent.output


async def test_one_that_has_ended_lacks_nothing(house: House) -> None:
    async with house.served() as (engine, _):
        run = await house.run(engine, "say x", secrets={KEY: "v"})
        assert engine.runs.lacking([await engine.runs.find(run.run_id)]) == ()


async def test_who_has_none_is_told_what_it_waits_for(house: House) -> None:
    task = await held(house)
    async with house.served() as (engine, _):
        await waits(engine, task, "environment")
        code, out, _ = await over(house.muxctl("wait", "--wait", "0.1", task.new.run_id))
        now = await engine.runs.find(task.new.run_id)
    assert (now.waiting, now.waiting_for) == ("environment", f"environment: {KEY} of its caller")
    assert (code, KEY in out.decode()) == (0, True), out


async def test_the_same_request_again_supplies_them(house: House) -> None:
    """As a client does whose waited dispatch was cut off by its daemon's death."""
    task = await held(house)
    async with house.served() as (engine, _):
        await waits(engine, task, "environment")
        again = await house.accept(engine, f"env {KEY}", secrets={KEY: "new"}, idempotency_key="k")
        (now,) = await engine.runs.wait([again.new.run_id], 20)
        result = await engine.runs.result(now)
    assert (again.new.run_id, result.output) == (task.new.run_id, "new")
