"""What a run waits for, that it says so, and that it goes on or ends when that is over."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.stage import HandClock, Stage, ended, until, waits
from modelmuxd.store.records import NewTask
from muxwire.faults import CONFLICT, DEPENDENCY, NO_PROVIDER, FaultError
from muxwire.runs import CallerEnv, Origin, RetryParams
from muxwire.settings.model import Limits

pytestmark = pytest.mark.anyio


async def test_a_run_starts_when_those_before_it_have_succeeded(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    go = tmp_path / "go"
    async with stage.engine() as engine:
        first = await stage.accept(engine, f"until {go}", "say one")
        second = await stage.accept(engine, "say two", after=(first.new.run_id[:20],))
        held = await waits(engine, second, "dependency")
        assert held.waiting_for == f"dependency: {first.new.run_id} must succeed first"
        go.touch()
        assert (await ended(engine, second)).output == "two"
        detail = await engine.runs.detail(await engine.runs.find(second.new.run_id))
    assert detail.after == (first.new.run_id,)


async def test_a_run_whose_dependency_failed_names_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    go = tmp_path / "go"
    async with stage.engine() as engine:
        first = await stage.accept(engine, f"until {go}", "exit 3", provider="codex")
        second = await stage.accept(engine, "say two", after=(first.new.run_id,))
        third = await stage.accept(engine, "say three", after=(second.new.run_id,))
        await waits(engine, second, "dependency")
        go.touch()
        results = [await ended(engine, second), await ended(engine, third)]
    assert [result.status for result in results] == ["error", "error"]
    faults = [result.error for result in results]
    assert all(fault is not None and fault.code == DEPENDENCY for fault in faults)
    assert faults[0] is not None
    assert first.new.run_id in faults[0].message


async def test_a_dependency_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        with pytest.raises(FaultError, match="zzzzzzz"):
            await stage.accept(engine, "say x", after=("zzzzzzz",))


async def test_one_run_at_a_time_writes_in_a_folder(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    go, link = tmp_path / "go", tmp_path / "link"
    link.symlink_to(stage.workdir)
    async with stage.engine() as engine:
        first = await stage.accept(engine, f"until {go}", "say one", sandbox="write")
        second = await stage.accept(engine, "say two", sandbox="write", workdir=str(link))
        held = await waits(engine, second, "workdir")
        assert held.waiting_for == f"workdir: {first.new.run_id} writes in {stage.workdir.resolve()}"
        assert (await stage.run(engine, "say three")).output == "three"
        go.touch()
        assert (await ended(engine, second)).output == "two"


async def test_a_nested_writer_shares_the_folder_of_its_root(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    go, started = tmp_path / "go", tmp_path / "started"
    async with stage.engine() as engine:
        root = await stage.accept(engine, f"touch {started}", f"until {go}", sandbox="write")
        await until(started)
        child = await nested(stage, engine, root.new, "say nested", sandbox="write")
        assert (await ended(engine, child)).output == "nested"
        go.touch()
        assert (await ended(engine, root)).status == "success"


async def test_nested_runs_have_slots_of_their_own(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(running=2, per_provider=2))
    go, started = tmp_path / "go", tmp_path / "started"
    async with stage.engine() as engine:
        root = await stage.accept(engine, f"touch {started}", f"until {go}")
        await until(started)
        other = await stage.accept(engine, "say other")
        held = await waits(engine, other, "slots")
        assert held.waiting_for == "slots: 1 of 1 running in all; 1 more kept for nested runs"
        child = await nested(stage, engine, root.new, "say nested")
        assert (await ended(engine, child)).output == "nested"
        go.touch()
        assert (await ended(engine, other)).output == "other"


async def test_a_nested_run_that_could_never_start_is_refused_by_name(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(running=4, per_provider=1))
    go, started = tmp_path / "go", tmp_path / "started"
    async with stage.engine() as engine:
        root = await stage.accept(engine, f"touch {started}", f"until {go}")
        await until(started)
        result = await ended(engine, await nested(stage, engine, root.new, "say nested"))
        go.touch()
        await ended(engine, root)
    assert result.error is not None
    assert (result.status, result.error.code) == ("error", NO_PROVIDER)
    assert "1 of 1 slots of codex" in result.error.message


async def test_a_canceled_parent_takes_its_children_along(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    started, below = tmp_path / "started", tmp_path / "below"
    async with stage.engine() as engine:
        root = await stage.accept(engine, f"touch {started}", "sleep 60")
        await until(started)
        child = await nested(stage, engine, root.new, f"touch {below}", "sleep 60")
        waiting = await nested(stage, engine, child.new, "say x", not_before=4e9)
        await until(below)
        await engine.runs.cancel(root.new.run_id, "test")
        states = [(await ended(engine, task)).status for task in (root, child, waiting)]
    assert states == ["canceled", "canceled", "canceled"]


async def nested(stage: Stage, engine, parent: NewTask, *script: str, **more):  # type: ignore[no-untyped-def]
    """A run that the parent's agent asks for."""
    task = NewTask(
        run_id=f"{parent.run_id[:-4]}n{parent.depth:03d}",
        created_at=stage.clock.now(),
        task="\n".join(script),
        workdir=str(stage.workdir),
        env=stage.env,
        origin=Origin(kind="test", principal="0", parent=parent.run_id),
        root=parent.root or parent.run_id,
        depth=parent.depth + 1,
        **more,
    )
    stored, _ = await engine.runs._store.submit(task)
    engine.scheduler.put(stored)
    return stored


async def test_a_delayed_run_waits_for_its_time(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, clock=clock)
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say now", delay=120)
        held = await waits(engine, task, "not_before")
        assert held.not_before == clock.now() + 120
        await clock.advance(119)
        assert (await engine.runs.find(task.new.run_id)).attempts == 0
        await clock.advance(1)
        assert (await ended(engine, task)).output == "now"


async def test_a_deadline_ends_what_waits_and_what_runs(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, limits=Limits(running=1), clock=clock)
    started = tmp_path / "started"
    async with stage.engine() as engine:
        running = await stage.accept(engine, "say so far", f"touch {started}", "sleep 60", timeout=900, deadline=60)
        await until(started)
        waiting = await stage.accept(engine, "say x", deadline=30)
        await waits(engine, waiting, "slots")
        await clock.advance(30)
        late = await ended(engine, waiting)
        assert late.error is not None
        assert (late.status, late.error.code) == ("timeout", "timeout")
        assert "deadline of 30 s" in late.error.message
        assert "slots: 1 of 1 running in all" in late.error.message
        await clock.advance(30)
        cut = await ended(engine, running)
    assert (cut.status, cut.output) == ("timeout", "so far")


async def test_what_a_run_waits_does_not_count_against_its_timeout(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, clock=clock)
    async with stage.engine() as engine:
        task = await stage.accept(engine, "session s-1", "fault needs_input", "exit 1", provider="codex", timeout=30)
        await waits(engine, task, "input")
        await clock.advance(3600)
        await engine.runs.answer(task.new.run_id, "say still here")
        assert (await ended(engine, task)).output == "still here"


async def test_an_answer_goes_into_the_session_that_asked(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        task = await stage.accept(engine, "session s-1", "say Which?", "fault needs_input", "exit 1")
        held = await waits(engine, task, "input")
        assert held.waiting_for == "input: the script says needs_input"
        assert (await engine.runs.result(held)).output == "Which?"
        await engine.runs.answer(task.new.run_id, "say the blue one")
        result = await ended(engine, task)
        detail = await engine.runs.detail(await engine.runs.find(task.new.run_id))
        with pytest.raises(FaultError):
            await engine.runs.answer(task.new.run_id, "say again")
    assert (result.status, result.output, result.session_id) == ("success", "the blue one", "s-1")
    assert detail.attempts[1].argv[1:] == ("--session", "s-1")


async def test_a_question_without_a_session_ends_the_run_with_a_hint(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        result = await stage.run(engine, "fault needs_input", "exit 1")
    assert result.error is not None
    assert (result.status, result.error.hint) == ("error", "Send the task again, with the answer.")


async def test_a_question_outlives_the_daemon(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        task = await stage.accept(engine, "session s-1", "fault needs_input", "exit 1")
        await waits(engine, task, "input")
    async with stage.engine() as engine:
        assert (await stage.run(engine, "say meanwhile")).output == "meanwhile"
        assert (await engine.runs.find(task.new.run_id)).waiting == "input"
        await engine.runs.answer(task.new.run_id, "say thanks")
        assert (await ended(engine, task)).output == "thanks"


async def test_a_retry_is_a_new_run_of_the_same_task(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    go = tmp_path / "go"
    async with stage.engine() as engine:
        first = await stage.accept(engine, f"until {go}", "say x", "exit 1", provider="codex", priority=7, deadline=900)
        with pytest.raises(FaultError) as refused:
            await engine.runs.again(RetryParams(first.new.run_id))
        assert refused.value.fault.code == CONFLICT
        go.touch()
        await ended(engine, first)
        asked = RetryParams(first.new.run_id[:12], provider="claude", env=CallerEnv(stage.env))
        params, old = await engine.runs.again(asked)
        again = await engine.runs.accept(params, Origin(kind="test"), {}, retry_of=old.new.run_id)
        result = await ended(engine, again)
    assert result.run_id != first.new.run_id
    assert (result.provider, result.output) == ("claude", "x")
    assert (again.new.retry_of, again.new.priority) == (first.new.run_id, 7)
    assert again.new.deadline is not None
    assert 899 < again.new.deadline - again.new.created_at < 901


async def test_mine_are_those_of_the_same_user_in_the_same_way(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        task = await stage.accept(engine, "sleep 60")
        mine = await engine.runs.unfinished(Origin(kind="test", principal="0", workdir="/elsewhere"))
        others = await engine.runs.unfinished(Origin(kind="mcp", principal="0"))
        await engine.runs.cancel(task.new.run_id, "test")
    assert [one.new.run_id for one in mine] == [task.new.run_id]
    assert others == []
