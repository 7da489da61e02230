"""A sandbox word is kept: proven by a file that is there or is not, since an agent may claim either."""

from __future__ import annotations

import pytest
from live.world import World

AGENTS = ("codex", "claude", "gemini")
ENFORCED = {"codex": {"kernel"}, "claude": {"permission", "no_tools"}, "gemini": {"permission", "no_tools"}}


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
