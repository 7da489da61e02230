"""Real agents use our MCP server as `muxctl setup` registers it: they list its tools and have another agent answer."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from live.conftest import needed
from live.homes import HOMES
from live.world import CEILING, World, agents_folder, until

SHIM = Path(sys.executable).with_name("modelmux")
TOOL = {
    "claude": "mcp__modelmux__mux_dispatch",
    "codex": "mcp__modelmux__mux_dispatch",
    "gemini": "mcp_modelmux_mux_dispatch",
}
ARGV = {
    "claude": ("claude", "--allowedTools", "mcp__modelmux", "-p"),
    "codex": ("codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"),
    "gemini": ("gemini", "--skip-trust", "--approval-mode", "yolo", "-p"),
}
HELLO = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'


def settle(world: World, other: str) -> None:
    """Another agent lives here as well, whose keys the login shell tells: Codex and Gemini keep them to themselves."""
    env = HOMES[other](world.folder, world.api.url)
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in env.items()]
    (world.home / ".profile").write_text("".join(lines))
    world.env = {**env, **world.env}


@pytest.mark.parametrize(
    ("world", "other"), [("claude", "codex"), ("codex", "gemini"), ("gemini", "claude")], indirect=["world"]
)
def test_an_agent_asks_another(world: World, other: str) -> None:
    needed(agents_folder() / other, ".ci/agents")
    settle(world, other)
    assert world.muxctl("setup", world.kind).returncode == 0
    # One that asks its model before its servers are up, as these do without a terminal, would not see our tools.
    subprocess.run([SHIM], env=world.env, input=HELLO, text=True, check=True, timeout=CEILING, capture_output=True)
    asked = json.dumps({"task": "Say it. [[reply:seven]]", "provider": other, "failover": False})
    program, *flags = ARGV[world.kind]
    done = subprocess.run(
        [agents_folder() / program, *flags, f"[[call:{TOOL[world.kind]}:{asked}]] [[reply:got {{tool}}]]"],
        cwd=world.project,
        env=world.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=CEILING,
        check=False,
    )
    assert "seven" in done.stdout, done.stderr
    (line,) = json.loads(world.muxctl("status", "--json").stdout)["recent"]
    run = json.loads(world.muxctl("show", line["run_id"], "--json").stdout)
    assert (run["result"]["status"], run["result"]["provider"]) == ("success", other)
    assert (run["origin"]["kind"], run["result"]["caller_excluded"]) == ("mcp", None)
    until(lambda: not world.agents(), "the end of all agents and shims")
