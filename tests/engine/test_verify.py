"""What a project says of an agent's work is part of the run's end."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.repository import Repository
from engine.stage import Stage, alive, ended, until
from modelmuxd.engine.trust import Trust
from muxwire.faults import FaultError

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    Repository(made.workdir)
    return made


def verify(stage: Stage, *command: str, timeout: int = 30) -> None:
    profiles = Path(stage.here.profiles)
    profiles.parent.mkdir(parents=True, exist_ok=True)
    words = ", ".join(f"'{word}'" for word in command)
    profiles.write_text(f"[verify]\ncommand = [{words}]\ntimeout = {timeout}\n")


async def test_good_work_succeeds_and_says_so(stage: Stage) -> None:
    verify(stage, "sh", "-c", "pwd; grep -q 4 a.txt")
    async with stage.engine() as engine:
        run = await stage.run(engine, "sh echo 4 >>a.txt", "say done", sandbox="write", worktree=True)
    assert (run.status, run.output) == ("success", "done")
    assert run.verified is not None
    assert (run.verified.exit_code, run.verified.output) == (0, f"{run.worktree}\n")


async def test_bad_work_is_no_success_and_is_kept(stage: Stage) -> None:
    verify(stage, "sh", "-c", "echo looked; echo wrong >&2; exit 3")
    async with stage.engine() as engine:
        run = await stage.run(engine, "sh echo 4 >>a.txt", "say done", sandbox="write", worktree=True, max_retries=3)
        assert run.error is not None
        assert (run.status, run.error.code, run.attempts, run.output) == ("error", "verify", 1, "done")
        assert run.verified is not None
        assert (run.verified.exit_code, run.verified.output) == (3, "looked\nwrong\n")
        assert b"+4" in (await engine.worktrees.patch(await engine.runs.find(run.run_id))).patch


async def test_a_check_that_does_not_end_is_ended_with_all_it_started(stage: Stage) -> None:
    pid = stage.root / "pid"
    verify(stage, "sh", "-c", f"sleep 300 & echo $! >{pid}; wait", timeout=1)
    async with stage.engine() as engine:
        run = await stage.run(engine, "say done", sandbox="write", worktree=True)
    assert run.verified is not None
    assert (run.status, run.verified.exit_code, alive(int(pid.read_text()))) == ("error", None, False)


async def test_a_cancel_ends_the_check(stage: Stage) -> None:
    begun = stage.root / "begun"
    verify(stage, "sh", "-c", f"touch {begun}; sleep 300")
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say done", sandbox="write", worktree=True)
        await until(begun)
        await engine.runs.cancel(task.new.run_id, "test")
        run = await ended(engine, task)
    assert run.status == "canceled"


async def test_the_next_daemon_hears_of_it(stage: Stage) -> None:
    begun, go, count = stage.root / "begun", stage.root / "go", stage.root / "count"
    verify(stage, "sh", "-c", f"echo x >>{count}; touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done; echo good")
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say done", sandbox="write", worktree=True)
        await until(begun)
    go.touch()
    async with stage.engine() as engine:
        run = await ended(engine, task)
    assert run.verified is not None
    assert (run.status, run.verified.output, count.read_text()) == ("success", "good\n", "x\n")


async def test_one_that_cannot_be_started_is_no_success(stage: Stage) -> None:
    verify(stage, "no-such-program")
    async with stage.engine() as engine:
        run = await stage.run(engine, "say done", sandbox="write", worktree=True)
    assert run.verified is not None
    assert (run.status, run.verified.exit_code) == ("error", None)
    assert "no-such-program" in run.verified.output


async def test_a_projects_own_command_needs_trust(stage: Stage) -> None:
    settings = stage.workdir / ".modelmux" / "profiles.toml"
    settings.parent.mkdir()
    settings.write_text('[verify]\ncommand = ["true"]\n')
    trust = Trust(stage.here)
    async with stage.engine() as engine:
        with pytest.raises(FaultError, match="needs your trust"):
            await stage.run(engine, "say done", worktree=True)
        await trust.add(str(stage.workdir))
    async with stage.engine() as engine:
        run = await stage.run(engine, "say done", worktree=True)
        assert run.verified is not None
        assert run.verified.exit_code == 0
    assert (await trust.remove(str(stage.workdir))).folders == ()
