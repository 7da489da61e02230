"""A sandbox word is kept: proven by a file that is there or is not, since an agent may claim either."""

from __future__ import annotations

import subprocess

import pytest
from live.world import World
from muxwire.runs import Changes

AGENTS = ("codex", "claude", "gemini", "qwen")
ENFORCED = {
    "codex": {"kernel"},
    "claude": {"permission", "no_tools"},
    "gemini": {"permission", "no_tools"},
    "qwen": {"permission", "no_tools"},
}


def told_to(tool: str, world: World, name: str) -> str:
    target = world.project / name
    argument = f"{target}=hello" if tool == "write" else f"echo hello > {target}"
    return f"Do it. [[tool:{tool}:{argument}]] [[reply:Done.]]"


@pytest.mark.parametrize("tool", ["write", "shell"])
@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_read_only_leaves_no_file(world: World, tool: str) -> None:
    result, _ = world.dispatch(told_to(tool, world, "made.txt"), "--sandbox", "read-only")
    assert world.asked("Do it."), "the agent never asked the model"
    assert list(world.project.iterdir()) == []
    assert result.sandbox == "read-only"
    assert result.sandbox_enforced in ENFORCED[world.provider]


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_write_may_edit_in_the_workdir(world: World) -> None:
    result, code = world.dispatch(told_to("write", world, "made.txt"), "--sandbox", "write")
    assert (code, result.status) == (0, "success")
    assert (world.project / "made.txt").read_text().strip() == "hello"
    assert result.sandbox_enforced in ENFORCED[world.provider]


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_write_stops_at_the_workdir(world: World) -> None:
    outside = world.folder / "outside.txt"
    world.dispatch(f"Do it. [[tool:write:{outside}=hello]] [[reply:Done.]]", "--sandbox", "write")
    assert world.asked("Do it.")
    assert not outside.exists()


@pytest.mark.parametrize("world", ["codex", "claude", "gemini"], indirect=True)
def test_in_a_worktree_the_checkout_is_left_alone(world: World) -> None:
    """A new folder to the CLI: none may refuse it as untrusted. (Qwen Code writes by absolute path only.)"""
    for words in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=world.project, check=True)
    result, code = world.dispatch(
        "Do it. [[tool:write:made.txt=hello]] [[reply:Done.]]", "--sandbox", "write", "--worktree"
    )
    assert (code, result.status, result.changes) == (0, "success", Changes(files=1, added=1, deleted=0))
    assert [path.name for path in world.project.iterdir()] == [".git"]
    assert world.muxctl("apply", result.run_id).returncode == 0
    assert (world.project / "made.txt").read_text().strip() == "hello"
