"""A real agent CLI that runs `muxctl` in its own shell is known by what it sets for its children, or by its process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from live.world import CEILING, World

ASKS = {
    "codex": ("codex", "exec", "--skip-git-repo-check", "--sandbox", "danger-full-access", "--"),
    "claude": ("claude", "-p", "--allowedTools", "Bash", "--"),
    "gemini": ("gemini", "--yolo", "-p"),
}


@pytest.mark.parametrize("cleared", [False, True], ids=["as it is", "with a cleared environment"])
@pytest.mark.parametrize("world", ASKS, indirect=True)
def test_a_cli_that_asks_is_known_and_left_out(world: World, cleared: bool) -> None:
    ours = Path(sys.executable).parent
    kept = " ".join(f"{name}={world.env[name]}" for name in ("HOME", "MODELMUX_HOME", "PATH"))
    muxctl = f"env -i {kept} {ours}/muxctl" if cleared else f"{ours}/muxctl"
    task = f"Do it. [[tool:shell:{muxctl} check --json > {world.project}/said.json]] [[reply:Done.]]"
    env = {**world.env, "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    asked = subprocess.run(
        [*ASKS[world.provider], task],
        cwd=world.project,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=False,
    )
    said = world.project / "said.json"
    assert said.exists(), asked.stdout + asked.stderr
    caller = json.loads(said.read_text())["caller"]
    assert (caller["provider"], caller["excluded"]) == (world.provider, True)
    assert caller["method"] == ("process" if cleared else "environment")
