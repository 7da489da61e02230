"""Runs in a git worktree of their own: the caller's checkout is left alone, and what changed is a patch."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.repository import Repository
from engine.stage import Stage, ended, until
from modelmuxd.app.rooms import Engine
from muxwire.faults import FaultError
from muxwire.runs import Changes, RunResult

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def repository(stage: Stage) -> Repository:
    return Repository(stage.workdir)


async def isolated(stage: Stage, engine: Engine, *script: str, **more: Any) -> RunResult:
    return await stage.run(engine, *script, sandbox="write", worktree=True, **more)


async def patch(engine: Engine, run: RunResult) -> bytes:
    return (await engine.worktrees.patch(await engine.runs.find(run.run_id))).patch


async def test_the_changes_are_a_patch_and_the_checkout_is_left_alone(stage: Stage, repository: Repository) -> None:
    repository.write("mine.txt", "not committed")
    before = repository.standing()
    async with stage.engine() as engine:
        run = await isolated(stage, engine, "sh pwd; ls", "sh echo four >>a.txt; rm sub/b.txt; echo n >new.txt")
        assert (run.status, run.changes) == ("success", Changes(files=3, added=2, deleted=1))
        assert run.output.startswith(f"{run.worktree}\na.txt\nsub\n")
        found = await patch(engine, run)
    assert b"+four\n" in found
    assert b"deleted file mode 100644" in found
    assert b"+++ b/new.txt" in found
    assert b"mine.txt" not in found
    assert repository.standing() == before


async def test_apply_changes_the_files_and_nothing_else(stage: Stage, repository: Repository) -> None:
    async with stage.engine() as engine:
        run = await isolated(
            stage,
            engine,
            "sh printf 'a\\0b\\n' >bin; chmod +x sub/b.txt; ln -s a.txt link",
            "sh mkdir -p 'd e'; echo ü >'d e/ö'; echo 4 >>a.txt",
        )
        index = repository.git("ls-files", "--stage")
        await engine.worktrees.apply(await engine.runs.find(run.run_id))
        assert (repository.top / "bin").read_bytes() == b"a\0b\n"
        assert (repository.top / "sub/b.txt").stat().st_mode & 0o111
        assert (repository.top / "link").readlink() == Path("a.txt")
        assert repository.read("d e/ö") == "ü\n"
        assert repository.read("a.txt") == "one\n2\nthree\n4\n"
        assert repository.git("ls-files", "--stage") == index
        assert (repository.traces(), Path(run.worktree).exists()) == ("", False)
        with pytest.raises(FaultError, match="applied, discarded"):
            await patch(engine, run)
        decisions = await engine.runs.detail(await engine.runs.find(run.run_id))
    assert decisions.decisions[-1].kind == "apply"


async def test_a_conflict_changes_nothing_and_the_work_is_kept(stage: Stage, repository: Repository) -> None:
    async with stage.engine() as engine:
        run = await isolated(stage, engine, "sh echo theirs >a.txt; echo n >new.txt")
        repository.write("a.txt", "mine\n")
        task = await engine.runs.find(run.run_id)
        with pytest.raises(FaultError, match=r"do not fit .* a\.txt") as refused:
            await engine.worktrees.apply(task)
        assert refused.value.fault.code == "conflict"
        assert (repository.read("a.txt"), (repository.top / "new.txt").exists()) == ("mine\n", False)
        repository.git("checkout", "--", "a.txt")
        await engine.worktrees.apply(task)
    assert repository.read("a.txt") == "theirs\n"


async def test_discard_leaves_no_trace(stage: Stage, repository: Repository) -> None:
    before = repository.standing()
    async with stage.engine() as engine:
        run = await isolated(stage, engine, "sh echo x >a.txt; mkdir deep; echo y >deep/f; chmod 555 deep")
        gone = await engine.worktrees.discard(await engine.runs.find(run.run_id))
        assert gone.changes.files == 2
    assert (repository.traces(), list(Path(stage.here.worktrees).iterdir())) == ("", [])
    assert repository.standing() == before


async def test_without_changes_nothing_stays(stage: Stage, repository: Repository) -> None:
    async with stage.engine() as engine:
        run = await isolated(stage, engine, "say nothing to do")
        assert run.changes == Changes(0, 0, 0)
        await engine.worktrees.collect()
    assert (repository.traces(), list(Path(stage.here.worktrees).iterdir())) == ("", [])


async def test_what_is_not_committed_goes_along_where_asked(stage: Stage, repository: Repository) -> None:
    repository.write("a.txt", "one\n2\nthree\nmine\n")
    repository.write("new.txt", "untracked\n")
    repository.write("staged.txt", "s\n")
    repository.git("add", "staged.txt")
    (repository.top / "sub/b.txt").unlink()
    before = repository.standing()
    async with stage.engine() as engine:
        clean = await isolated(stage, engine, "sh cat a.txt; ls sub")
        carried = await isolated(stage, engine, "sh tail -1 a.txt; ls; echo more >>a.txt", carry=True)
        assert clean.output == "one\n2\nthree\nb.txt\n"
        assert carried.output.split() == ["mine", "a.txt", "new.txt", "staged.txt"]
        assert carried.changes == Changes(files=1, added=1, deleted=0)
        assert repository.standing() == before
        await engine.worktrees.apply(await engine.runs.find(carried.run_id))
    assert repository.read("a.txt") == "one\n2\nthree\nmine\nmore\n"


async def test_the_agent_works_where_its_caller_stood(stage: Stage, repository: Repository) -> None:
    (repository.top / "not committed").mkdir()
    async with stage.engine() as engine:
        below = await isolated(stage, engine, "sh pwd; ls; echo x >new", workdir=str(repository.top / "sub"))
        empty = await isolated(stage, engine, "sh pwd", workdir=str(repository.top / "not committed"))
        assert below.output == f"{below.worktree}/sub\nb.txt\n"
        assert b"+++ b/sub/new\n" in await patch(engine, below)
    assert empty.output == f"{empty.worktree}/not committed\n"


async def test_ignored_files_go_along_where_the_settings_say_so(stage: Stage, repository: Repository) -> None:
    profiles = Path(stage.here.profiles)
    profiles.parent.mkdir(parents=True, exist_ok=True)
    profiles.write_text('[worktree]\ncopy = [".env", "local", "missing", "out"]\n')
    repository.write(".env", "KEY=1\n")
    repository.write("local/x.env", "deep\n")
    repository.write("local/plain", "untracked, not ignored\n")
    (repository.top / "out").symlink_to(stage.root)
    async with stage.engine() as engine:
        run = await isolated(stage, engine, "sh cat .env local/x.env; ls; echo KEY=2 >.env; echo 4 >>a.txt")
    assert run.output == "KEY=1\ndeep\na.txt\nlocal\nsub\n"
    assert run.changes == Changes(files=1, added=1, deleted=0)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda top: None, "not a git repository"),
        (lambda top: Repository(top).git("checkout", "--quiet", "--orphan", "none"), "no commit yet"),
    ],
)
async def test_where_there_can_be_none_it_is_refused(
    stage: Stage, prepare: Callable[[Path], object], said: str
) -> None:
    prepare(stage.workdir)
    async with stage.engine() as engine:
        with pytest.raises(FaultError, match=said) as refused:
            await isolated(stage, engine, "say x")
    assert refused.value.fault.code == "usage"


async def test_carry_without_a_worktree_is_refused(stage: Stage, repository: Repository) -> None:
    async with stage.engine() as engine:
        with pytest.raises(FaultError, match="--carry"):
            await stage.run(engine, "say x", carry=True)


async def test_a_session_goes_on_in_its_worktree(stage: Stage, repository: Repository) -> None:
    async with stage.engine() as engine:
        first = await isolated(stage, engine, "session s", "sh echo 4 >>a.txt", provider="codex")
        second = await stage.run(
            engine, "session s", "sh pwd; echo 5 >>a.txt", provider="codex", session_id="s", sandbox="write"
        )
        assert (second.output, second.worktree) == (f"{first.worktree}\n", first.worktree)
        assert second.changes == Changes(files=1, added=2, deleted=0)
        await engine.worktrees.apply(await engine.runs.find(second.run_id))
        third = await stage.run(engine, "session s", "sh pwd; cat a.txt", provider="codex", session_id="s")
    assert third.output == f"{first.worktree}\none\n2\nthree\n"  # applied, but not committed
    assert repository.read("a.txt") == "one\n2\nthree\n4\n5\n"


async def test_an_attempt_that_starts_over_begins_with_a_clean_folder(stage: Stage, repository: Repository) -> None:
    mark = stage.root / "second"
    async with stage.engine() as engine:
        run = await isolated(
            stage,
            engine,
            f"sh if [ -e {mark} ]; then ls; cat a.txt; else touch {mark} half; echo half >a.txt; kill -9 $PPID; fi",
            max_retries=2,
        )
    assert (run.status, run.attempts, run.output) == ("success", 2, "a.txt\nsub\none\n2\nthree\n")


async def test_it_outlives_the_daemon(stage: Stage, repository: Repository) -> None:
    go, started = stage.root / "go", stage.root / "started"
    async with stage.engine() as engine:
        task = await stage.accept(
            engine, f"sh echo 4 >>a.txt; touch {started}", f"until {go}", sandbox="write", worktree=True
        )
        await until(started)
    go.touch()
    async with stage.engine() as engine:
        run = await ended(engine, task)
        assert (run.status, run.changes) == ("success", Changes(files=1, added=1, deleted=0))
        assert b"+4\n" in await patch(engine, run)


async def test_what_nobody_knows_of_is_cleared_away(stage: Stage, repository: Repository) -> None:
    stray = Path(stage.here.worktrees, "01m00000000000000000000000")
    stray.mkdir(parents=True)
    stray.with_suffix(".index").touch()
    async with stage.engine() as engine:
        await engine.worktrees.collect()
    assert list(Path(stage.here.worktrees).iterdir()) == []


async def test_a_removal_that_was_killed_is_done_to_the_end(stage: Stage, repository: Repository) -> None:
    async with stage.engine() as engine:
        run = await isolated(stage, engine, "sh echo x >a.txt")
    shutil.rmtree(run.worktree)
    assert repository.traces()
    async with stage.engine() as engine:
        await engine.worktrees.collect()
    assert (repository.traces(), list(Path(stage.here.worktrees).iterdir())) == ("", [])


async def test_two_at_once_write_side_by_side(stage: Stage, repository: Repository) -> None:
    both = [stage.root / "one", stage.root / "two"]
    async with stage.engine() as engine:
        tasks = [
            await stage.accept(
                engine, f"touch {mine}", f"until {other}", "sh echo 4 >>a.txt", sandbox="write", worktree=True
            )
            for mine, other in (both, reversed(both))
        ]
        assert [(await ended(engine, task)).status for task in tasks] == ["success", "success"]
