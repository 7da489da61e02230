"""An agent of ours that has our server: whose it is, is found by its ancestors, whatever its environment says."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from shim.world import SHIM, World, info

ASKED = (
    {
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info("codex-mcp-client")},
    },
    {"method": "notifications/initialized"},
)


def shim_called(world: World, prefix: str, **arguments: Any) -> str:
    """A shell command: what an agent does that calls a tool of its MCP server, started with this prefix."""
    call = {"id": 2, "method": "tools/call", "params": {"name": "mux_dispatch", "arguments": arguments}}
    lines = "\n".join(json.dumps({"jsonrpc": "2.0", **line}) for line in (*ASKED, call))
    return f"(echo {shlex.quote(lines)}; sleep 2) | {prefix} {SHIM}"


@pytest.mark.parametrize("clears", [False, True], ids=["keeps", "clears"])
def test_the_run_that_asks_is_known(world: World, clears: bool) -> None:
    prefix = f"env -i HOME={world.home} MODELMUX_HOME={world.env['MODELMUX_HOME']}" if clears else ""
    inner = shim_called(world, prefix, task=f"echo inner {clears}", provider="sh", failover=False)
    with world.pipe() as pipe:
        pipe.call(1, "mux_dispatch", task=inner, provider="sh", failover=False)
        outer = pipe.answer(1)["structuredContent"]
        assert f"inner {clears}" in outer["output"]
        pipe.call(2, "mux_check")
        recent = pipe.answer(2)["structuredContent"]["recent"]
    line = next(one for one in recent if one["task"] == f"echo inner {clears}")
    inner_run = json.loads(world.muxctl("show", "--json", line["run_id"]).stdout)
    assert inner_run["origin"]["parent"] == outer["run_id"]
    assert inner_run["origin"]["kind"] == "mcp"
    assert inner_run["result"]["status"] == "success"


def test_an_agent_cannot_wait_for_its_own_folder_for_ever(world: World) -> None:
    """It writes in the folder that its caller holds: it shares it, or says why not, but does not hang."""
    inner = shim_called(world, "", task="echo wrote", provider="sh", failover=False, sandbox="write", wait_s=10)
    with world.pipe() as pipe:
        pipe.call(1, "mux_dispatch", task=inner, provider="sh", failover=False, sandbox="write")
        outer = pipe.answer(1)["structuredContent"]
    (answer,) = [json.loads(line) for line in outer["output"].splitlines() if '"id":2' in line]
    assert answer["result"]["structuredContent"]["status"] == "success"
