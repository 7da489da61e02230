"""Workflows with real agents: 0.29's file as it was, restarts, retries from where it failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from engine.stage import Stage, ended
from modelmuxd.app.rooms import Engine
from modelmuxd.store.records import Task
from muxwire.faults import FaultError
from muxwire.runs import CallerEnv, Origin, RetryParams
from muxwire.workflow import WorkflowParams, WorkflowResult, WorkflowsParams

pytestmark = pytest.mark.anyio

FROM_029 = """
[workflows.mine]
description = "as 0.29 has it"

[[workflows.mine.steps]]
name = "draft"
provider = "codex"
task = "say draft of {input} {unknown}"

[[workflows.mine.steps]]
name = "check"
provider = "claude/opus"
task = "say checked: {draft}"
sandbox = "read-only"
timeout = 120
model = ""
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, "codex", "gemini", "claude")


def write(stage: Stage, text: str) -> None:
    path = Path(stage.here.profiles)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def steps(*each: str) -> str:
    tables = "".join(f"[[workflows.mine.steps]]\n{one}\n" for one in each)
    return f"[workflows.mine]\nversion = 2\n{tables}"


async def send(stage: Stage, engine: Engine, task: str = "it", name: str = "mine", **more: Any) -> Task:
    fields = {"workdir": str(stage.workdir), "env": CallerEnv(stage.env), "workflow": name, **more}
    asked, plan = await engine.composites.workflow(WorkflowParams(task=task, **fields))
    return await engine.runs.accept(asked, Origin(kind="test", principal="0"), {}, plan=plan)


async def finished(engine: Engine, task: Task) -> WorkflowResult:
    await ended(engine, task)
    return await engine.composites.workflow_result(await engine.runs.find(task.new.run_id))


async def test_029s_file_runs_as_it_is(stage: Stage) -> None:
    write(stage, FROM_029)
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, "a poem"))
        known = await engine.composites.workflows(
            WorkflowsParams(name="mine", view="check", workdir=str(stage.workdir))
        )
        loaded = await engine.source.read()
    assert (result.status, result.output) == ("success", "checked: draft of a poem {unknown}")
    assert [(turn.step, turn.provider, turn.model) for turn in result.steps] == [
        ("draft", "codex", ""),
        ("check", "claude", "opus"),
    ]
    assert (result.workflow, result.summary.total_steps, result.summary.success) == ("mine", 2, 2)
    assert known.workflows[0].warnings == ("draft: {unknown} stands for nothing and stays as it is",)
    assert loaded.faults == ()
    assert 'there is no step "unknown"' in loaded.warnings[0].message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (steps('name = "a"\ntask = "{b}"'), 'there is no step "b"'),
        (steps('name = "a"\ntask = "x"\nneeds = ["b"]', 'name = "b"\ntask = "{a}"'), "wait for each other"),
        (steps('name = "a"\ntask = "x"', 'name = "a"\ntask = "y"'), "cannot be the name of another step"),
        (steps('name = "a"\ntask = "x"\non_fail = "fallback"'), "or neither"),
        (steps('name = "a"\ntask = "x"\nneeds = ["z"]'), 'there is no step "z"'),
    ],
)
async def test_what_can_never_run_is_refused_when_it_is_read(stage: Stage, text: str, said: str) -> None:
    write(stage, text)
    async with stage.engine() as engine:
        with pytest.raises(FaultError) as refused:
            await send(stage, engine)
    assert said in refused.value.fault.message


async def test_a_retry_goes_on_from_the_step_that_failed(stage: Stage, tmp_path: Path) -> None:
    log, once = tmp_path / "log", tmp_path / "once"
    flaky = f"note b {log}\\nonce {once}\\nfault refused\\nexit 1"
    write(
        stage,
        steps(
            f'name = "a"\nprovider = "codex"\ntask = "note a {log}\\nsay from a"',
            f'name = "b"\nprovider = "claude"\ntask = "say {{a}}\\n{flaky}"',
        ),
    )
    async with stage.engine() as engine:
        first = await finished(engine, await send(stage, engine))
        asked, old = await engine.runs.again(RetryParams(first.run_id, env=CallerEnv(stage.env)))
        task = await engine.runs.accept(asked, Origin(kind="test"), {}, plan=old.new.plan, retry_of=first.run_id)
        second = await finished(engine, task)
    assert (first.status, first.next) == ("error", f"muxctl retry {first.run_id}")
    assert (second.status, second.output) == ("success", "from a")
    assert log.read_text().split() == ["a", "codex", "b", "claude", "b", "claude"]


async def test_the_next_daemon_goes_on_at_the_step_where_this_one_ended(stage: Stage, tmp_path: Path) -> None:
    log, go = tmp_path / "log", tmp_path / "go"
    write(
        stage,
        steps(
            f'name = "a"\nprovider = "codex"\ntask = "note a {log}\\nsay from a"',
            f'name = "b"\nprovider = "codex"\ntask = "say {{a}}\\nnote b {log}\\nuntil {go}"',
            f'name = "c"\nprovider = "codex"\ntask = "say {{b}}\\nnote c {log}"',
        ),
    )
    async with stage.engine() as engine:
        task = await send(stage, engine)
        with anyio.fail_after(20):
            while not log.exists() or "b" not in log.read_text().split():  # noqa: ASYNC110 - another process writes it
                await anyio.sleep(0.01)
    go.touch()
    async with stage.engine() as engine:
        result = await finished(engine, task)
    assert (result.status, result.output) == ("success", "from a")
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["a", "b", "c"]
