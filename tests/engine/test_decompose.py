"""A dispatch that is taken apart, with real agents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import scripted
from engine.stage import Stage, ended
from modelmuxd.app.rooms import Engine
from modelmuxd.store.records import Task
from muxwire import events as wire
from muxwire.faults import FaultError
from muxwire.runs import Origin

pytestmark = pytest.mark.anyio

PLAN = {
    "should_decompose": True,
    "subtasks": [{"name": "a", "task": "say one"}, {"name": "b", "task": "say two", "depends_on": ["a"]}],
}
PLANNER = f"""
text = sys.stdin.read()
if "Decide whether" in text:
    emit("message", "```json\\n" + {json.dumps(json.dumps(PLAN))} + "\\n```")
elif "have been done" in text:
    emit("message", "merged: " + " ".join(line for line in text.splitlines() if line in ("one", "two")))
else:
    emit("message", "whole")
emit("done", True)
sys.exit()
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path, "codex", "claude")
    scripted.install(made.bin, "claude", PLANNER)
    return made


async def send(stage: Stage, engine: Engine, **more: object) -> Task:
    params = stage.ask("build it", decompose=True, provider="claude", **more)
    plan = await engine.composites.decomposition(params, frozenset())
    return await engine.runs.accept(params, Origin(kind="test", principal="0"), {}, plan=plan)


async def test_it_is_planned_shown_done_and_merged(stage: Stage) -> None:
    async with stage.engine() as engine:
        task = await send(stage, engine)
        result = await ended(engine, task)
        seen = [event async for event in engine.runs.watch(task.new.run_id)]
    assert (result.status, result.decomposed, result.kind) == ("success", True, "decompose")
    assert [(part.name, part.status) for part in result.subtasks] == [("a", "success"), ("b", "success")]
    notices = [event for event in seen if isinstance(event, wire.Notice)]
    started = [event.seq for event in seen if isinstance(event, wire.ChildChanged) and event.step == "a"]
    assert notices[0].text.startswith("taken into 2 parts:")
    assert notices[0].seq < started[0], "it is shown before it runs"
    assert result.output == "merged: one two"


async def test_a_task_that_is_taken_apart_cannot_wait_for_another(stage: Stage) -> None:
    async with stage.engine() as engine:
        with pytest.raises(FaultError):
            await engine.runs.secret_names(stage.ask("x", decompose=True, delay=5.0))
