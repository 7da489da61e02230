"""A benchmark with the real CLIs: each writes in its own worktree, and a program looks at what it wrote."""

from __future__ import annotations

import json

import pytest
from live.world import World

TASK = """
kind = "bug"
title = "t"
prompt = "Do it. [[tool:write:made.txt={word}]] [[reply:Done.]]"
check = ["sh", "-c", "grep -qx hello made.txt"]
files."README" = "x"
"""


@pytest.mark.parametrize("world", ["codex", "claude", "gemini"], indirect=True)
def test_work_is_told_from_a_claim(world: World) -> None:
    suite = world.folder / "suite"
    suite.mkdir()
    for name, word in (("right", "hello"), ("wrong", "hallo")):
        (suite / f"{name}.toml").write_text(TASK.format(word=word))
    asked = ("--suite", str(suite), "--providers", f"{world.provider}/{world.model}", "--repeats", "1", "--yes")
    for _ in range(2):  # the second time all is known
        said = json.loads(world.muxctl("benchmark", *asked, "--json").stdout)
        (whole, kind) = said["lines"]
        assert (whole["passed"], whole["runs"], kind["kind"], said["unreached"]) == (1, 2, "bug", [])
    assert len(json.loads(world.muxctl("status", "--json").stdout)["recent"]) == 2
