"""Collaborations with real agents: sessions, restarts, worktrees, cancels. The prompts of these are scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from engine.repository import Repository
from engine.stage import Stage, ended
from modelmuxd.app.rooms import Engine
from modelmuxd.engine.composites.patterns import builtin
from modelmuxd.store.records import Task
from muxwire.collaborate import CollaborateParams, CollaborateResult, PatternsParams
from muxwire.faults import FaultError
from muxwire.runs import CallerEnv, Origin, RetryParams

pytestmark = pytest.mark.anyio

YES = r'message ```json\n{"verdict": "approved"}\n```'
NO = r'message ```json\n{"verdict": "changes_requested", "findings": ["mend it"]}\n```'
WRITER = """
[[patterns.{name}.turns]]
role = "writer"
provider = "codex"
writes = true
prompt = '''
{{task}}
{writer}
'''
"""
REVIEWER = """
[[patterns.{name}.turns]]
role = "reviewer"
provider = "claude"
verdict = "review"
prompt = '''
{reviewer}
'''
again = '''
{again}
'''
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, "codex", "gemini", "claude")


def pattern(stage: Stage, name: str, writer: str, reviewer: str, again: str = "") -> None:
    """A pattern of the user's own."""
    Path(stage.here.profiles).parent.mkdir(parents=True, exist_ok=True)
    text = f"[patterns.{name}]\nresult = ['writer']\nmax_rounds = 3\n" + WRITER + REVIEWER
    with Path(stage.here.profiles).open("a") as file:
        file.write(text.format(name=name, writer=writer, reviewer=reviewer, again=again))


async def send(stage: Stage, engine: Engine, task: str, name: str = "mine", **more: Any) -> Task:
    fields = {"workdir": str(stage.workdir), "env": CallerEnv(stage.env), "pattern": name, **more}
    asked, plan = await engine.composites.collaborate(CollaborateParams(task=task, **fields))
    return await engine.runs.accept(asked, Origin(kind="test", principal="0"), {}, plan=plan)


async def finished(engine: Engine, task: Task) -> CollaborateResult:
    await ended(engine, task)
    return await engine.composites.collaborate_result(await engine.runs.find(task.new.run_id))


async def test_a_pattern_of_ones_own_from_the_first_word_to_the_approval(stage: Stage) -> None:
    pattern(stage, "mine", "session w\nsay draft", f"session r\n{NO}", f"session r\n{YES}")
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, "write it"))
    assert (result.state, result.approved, result.rounds, result.final_output) == ("completed", True, 2, "draft")
    assert [(turn.role, turn.round, turn.provider) for turn in result.turns] == [
        ("writer", 1, "codex"),
        ("reviewer", 1, "claude"),
        ("writer", 2, "codex"),
        ("reviewer", 2, "claude"),
    ]
    assert [one.verdict for one in result.verdicts] == ["changes_requested", "approved"]
    assert (result.task_id, result.providers_used) == (result.run_id, ("codex", "claude"))


async def test_whoever_cannot_work_is_replaced_and_the_result_says_so(stage: Stage) -> None:
    pattern(stage, "mine", "say draft", YES)
    (stage.bin / "claude").unlink()
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, "write it"))
    assert result.approved is True
    assert result.turns[1].provider != "claude"
    assert "instead of claude" in result.notes[0]


async def test_the_next_daemon_goes_on_in_the_round_where_this_one_ended(stage: Stage, tmp_path: Path) -> None:
    log, go = tmp_path / "log", tmp_path / "go"
    pattern(
        stage,
        "mine",
        f"note wrote {log}\nsay draft",
        f"session r\nnote read {log}\nuntil {go}\n{NO}",
        f"note again {log}\n{YES}",
    )
    async with stage.engine() as engine:
        task = await send(stage, engine, "write it")
        with anyio.fail_after(20):
            while not log.exists() or "read" not in log.read_text():  # noqa: ASYNC110 - another process writes it
                await anyio.sleep(0.01)
    go.touch()
    async with stage.engine() as engine:
        result = await finished(engine, task)
    assert result.approved is True
    words = [line.split()[0] for line in log.read_text().splitlines()]
    assert words[:3] == ["wrote", "read", "wrote"]
    assert len(words) == 4


async def test_the_reviewer_reads_the_diff_and_only_the_writer_writes(stage: Stage) -> None:
    repository = Repository(stage.workdir)
    pattern(stage, "mine", "sh echo 4 >>a.txt\nsay changed", "{work.diff}\nsh cat a.txt\n" + YES)
    async with stage.engine() as engine:
        task = await send(stage, engine, "write it", worktree=True, sandbox="write")
        result = await finished(engine, task)
        turns = await engine.runs.turns(await engine.runs.find(task.new.run_id))
        patch = await engine.worktrees.patch(await engine.runs.find(task.new.run_id))
        reviewer = await engine.runs.find(turns[1].run_id)
    assert (result.approved, result.changes is not None and result.changes.files) == (True, 1)
    assert [turn.sandbox for turn in turns] == ["write", "read-only"]
    assert "+4" in reviewer.new.task
    assert b"+4" in patch.patch
    assert not (repository.top / "a.txt").read_text().endswith("4\n")


async def test_who_writes_in_the_folder_itself_is_not_held_up_by_its_own_collaboration(stage: Stage) -> None:
    pattern(stage, "mine", "session w\nsh echo x >>x.txt", f"session r\n{NO}", f"session r\n{YES}")
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, "write it", sandbox="write"))
    assert (result.state, result.approved) == ("completed", True)
    assert (stage.workdir / "x.txt").read_text() == "x\nx\n"


async def test_one_that_has_succeeded_is_repeated_from_its_beginning(stage: Stage, tmp_path: Path) -> None:
    log = tmp_path / "log"
    pattern(stage, "mine", f"note w {log}\nsay draft", YES)
    async with stage.engine() as engine:
        first = await finished(engine, await send(stage, engine, "write it"))
        asked, old = await engine.runs.again(RetryParams(first.run_id, env=CallerEnv(stage.env)))
        again = await engine.runs.accept(asked, Origin(kind="test"), {}, plan=old.new.plan, retry_of=first.run_id)
        second = await finished(engine, again)
    assert (first.approved, second.approved) == (True, True)
    assert len(log.read_text().splitlines()) == 2


async def test_a_cancel_ends_whoever_speaks(stage: Stage, tmp_path: Path) -> None:
    pattern(stage, "mine", "say draft", f"touch {tmp_path / 'up'}\nsleep 60")
    async with stage.engine() as engine:
        task = await send(stage, engine, "write it")
        with anyio.fail_after(20):
            while not (tmp_path / "up").exists():  # noqa: ASYNC110 - another process makes it
                await anyio.sleep(0.01)
        await engine.runs.cancel(task.new.run_id, "test")
        result = await finished(engine, task)
    assert (result.state, result.final_output) == ("canceled", "draft")
    assert [turn.status for turn in result.turns] == ["success", "canceled"]


async def test_work_that_is_long_comes_out_whole(stage: Stage) -> None:
    pattern(stage, "mine", "flood 600", YES)
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, "write it"))
    assert (result.approved, len(result.final_output)) == (True, 600_000)


async def test_patterns_are_listed_and_wrong_names_refused(stage: Stage) -> None:
    pattern(stage, "mine", "say draft", YES)
    async with stage.engine() as engine:
        known = await engine.composites.patterns(PatternsParams(workdir=str(stage.workdir)))
        assert [one.name for one in known.patterns] == [*builtin(), "mine"]
        for wrong in (
            {"name": "nosuch"},
            {"roles": ("nobody=codex",)},
            {"roles": ("writer=nosuch",)},
            {"roles": ("x",)},
        ):
            with pytest.raises(FaultError):
                await send(stage, engine, "write it", **wrong)
