"""A sandbox word is kept: proven by a file that is there or is not, since an agent may claim either."""

from __future__ import annotations

import json
import subprocess

import pytest
from live.homes import AGENTS
from live.world import World
from muxwire.runs import Changes

ENFORCED = {"codex": {"kernel"}} | {agent: {"permission", "no_tools"} for agent in AGENTS[1:]}


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


FORCED = {
    "codex": ("exec_command", "cmd", "", ""),
    "claude": ("Bash", "command", "Write", "file_path"),
    "gemini": ("run_shell_command", "command", "write_file", "file_path"),
    "qwen": ("run_shell_command", "command", "write_file", "file_path"),
    "opencode": ("bash", "command", "write", "filePath"),
}
"""Each CLI's own names: its shell and the shell's argument, its tool that writes and that one's path."""


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_read_only_leaves_no_file_even_by_a_tool_that_was_not_offered(world: World) -> None:
    """A model may call what it was never offered; the CLI itself must refuse."""
    shell, command, writer, path = FORCED[world.provider]
    made = str(world.project / "made.txt")
    calls = [call(shell, {command: f"echo hello > {made}", "description": "d", "is_background": False})]
    calls += [call(writer, {path: made, "content": "hello"})] if writer else []
    world.dispatch(f"Do it. {' '.join(calls)} [[reply:Done.]]", "--sandbox", "read-only")
    assert len(world.asked("Do it.")) > len(calls), "the calls never reached the agent"
    assert list(world.project.iterdir()) == []


def call(name: str, arguments: dict[str, object]) -> str:
    return f"[[call:{name}:{json.dumps(arguments)}]]"


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


@pytest.mark.parametrize("world", AGENTS, indirect=True)
def test_in_a_worktree_the_checkout_is_left_alone(world: World) -> None:
    """A new folder to the CLI: none may refuse it as untrusted."""
    for words in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=world.project, check=True)
    # Qwen Code's tool that writes takes absolute paths alone, and of a worktree nobody knows its path before.
    by, sandbox = (
        ("shell:echo hello >made.txt", "full") if world.provider == "qwen" else ("write:made.txt=hello", "write")
    )
    result, code = world.dispatch(f"Do it. [[tool:{by}]] [[reply:Done.]]", "--sandbox", sandbox, "--worktree")
    assert (code, result.status, result.changes) == (0, "success", Changes(files=1, added=1, deleted=0))
    assert [path.name for path in world.project.iterdir()] == [".git"]
    assert world.muxctl("apply", result.run_id).returncode == 0
    assert (world.project / "made.txt").read_text().strip() == "hello"
