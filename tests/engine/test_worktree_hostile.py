"""Repositories and agents that would like the daemon to run something for them, and contents that git treats apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.repository import Repository
from engine.stage import Stage
from muxwire.runs import Changes

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def repository(stage: Stage) -> Repository:
    return Repository(stage.workdir)


async def test_nothing_that_the_repository_brings_is_run(stage: Stage, repository: Repository) -> None:
    ran = stage.root / "ran"
    touch = f"touch {ran}; cat"
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "pre-commit", "post-commit"):
        repository.write(f".git/hooks/{hook}", f"#!/bin/sh\ntouch {ran}\n").chmod(0o755)
    repository.write(".gitattributes", "*.txt filter=evil diff=evil\n")
    for key in ("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "core.fsmonitor"):
        repository.git("config", key, touch)
    for key in ("diff.evil.textconv", "diff.evil.command", "diff.external"):
        repository.git("config", key, touch)
    async with stage.engine() as engine:
        for carry in (False, True):
            run = await stage.run(engine, "sh cat a.txt; echo 4 >>a.txt", sandbox="write", worktree=True, carry=carry)
            assert (run.output, run.changes) == ("one\n2\nthree\n", Changes(files=1, added=1, deleted=0))
            task = await engine.runs.find(run.run_id)
            assert b"+4\n" in (await engine.worktrees.patch(task)).patch
            await engine.worktrees.discard(task)
    assert not ran.exists()


async def test_an_agents_own_repository_is_not_asked(stage: Stage, repository: Repository) -> None:
    """In the place of the worktree's `.git`, below it, and as what a submodule would be."""
    ran = stage.root / "ran"
    plant = f"git init -q $D && git -C $D config core.fsmonitor 'touch {ran};' && touch $D/x"
    async with stage.engine() as engine:
        run = await stage.run(
            engine,
            f"sh rm .git; echo 4 >>a.txt; for D in . nested deep/er; do {plant}; done",
            sandbox="write",
            worktree=True,
        )
        assert run.changes == Changes(files=2, added=1, deleted=0)  # a.txt, x: what is in nested ones is theirs
        task = await engine.runs.find(run.run_id)
        await engine.worktrees.patch(task)
        await engine.worktrees.apply(task)
    assert (ran.exists(), repository.traces()) == (False, "")
    assert repository.read("a.txt").endswith("4\n")


async def test_large_files_stay_pointers(stage: Stage, repository: Repository) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 9\n"
    repository.write("big.bin", pointer)
    repository.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    repository.commit("large")
    repository.git("config", "filter.lfs.smudge", "false")
    repository.git("config", "filter.lfs.required", "true")
    async with stage.engine() as engine:
        run = await stage.run(engine, "sh cat big.bin", sandbox="write", worktree=True)
    assert (run.output, run.changes) == (pointer, Changes(0, 0, 0))


async def test_submodules_are_there_and_no_part_of_the_patch(stage: Stage, repository: Repository) -> None:
    (stage.root / "module").mkdir()
    module = Repository(stage.root / "module")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(module.top), "m")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(module.top), "empty")
    repository.commit("modules")
    repository.git("submodule", "--quiet", "deinit", "--force", "empty")
    async with stage.engine() as engine:
        run = await stage.run(
            engine, "sh cat m/a.txt; ls empty; echo x >m/a.txt; echo 4 >>a.txt", sandbox="write", worktree=True
        )
        assert run.output == "one\n2\nthree\n"
        assert run.changes == Changes(files=1, added=1, deleted=0)
        await engine.worktrees.apply(await engine.runs.find(run.run_id))
    assert (repository.traces(), repository.git("status", "--porcelain")) == ("", " M a.txt\n")


async def test_a_checkout_that_is_a_worktree_itself_will_do(stage: Stage, repository: Repository) -> None:
    second = stage.root / "second"
    repository.git("worktree", "add", "--quiet", "-b", "other", str(second))
    (second / "a.txt").write_text("other\n")
    async with stage.engine() as engine:
        run = await stage.run(
            engine, "sh cat a.txt; echo 4 >>a.txt", sandbox="write", worktree=True, carry=True, workdir=str(second)
        )
        assert run.output == "other\n"
        await engine.worktrees.apply(await engine.runs.find(run.run_id))
    assert ((second / "a.txt").read_text(), repository.read("a.txt")) == ("other\n4\n", "one\n2\nthree\n")
