"""Both protocol eras on the same pipe, and what there is besides tools: resources and prompts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp import MCPError
from mcp_types import TextContent, TextResourceContents
from shim.world import Pipe, World, info

pytestmark = pytest.mark.anyio

HANDSHAKE = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": info("codex-mcp-client"),
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.mark.parametrize("version", HANDSHAKE)
def test_each_version_of_the_handshake_is_spoken(world: World, version: str) -> None:
    with world.bare() as pipe:
        pipe.ask(1, "initialize", protocolVersion=version, capabilities={}, clientInfo=info())
        assert pipe.answer(1)["protocolVersion"] == version
        pipe.say(method="notifications/initialized")
        pipe.call(2, "mux_check")
        assert not pipe.answer(2).get("isError")


def test_an_unknown_version_gets_one_of_ours(world: World) -> None:
    with world.bare() as pipe:
        pipe.ask(1, "initialize", protocolVersion="2099-01-01", capabilities={}, clientInfo=info())
        assert pipe.answer(1)["protocolVersion"] in HANDSHAKE


def test_the_stateless_era_needs_no_handshake(world: World) -> None:
    with world.bare() as pipe:
        pipe.ask(1, "server/discover", _meta=META)
        assert "2026-07-28" in pipe.answer(1)["supportedVersions"]
        pipe.call(2, "mux_check", meta=META)
        told = pipe.answer(2)
        assert told["resultType"] == "complete"
        assert told["structuredContent"]["caller"]["provider"] == "codex"
        pipe.ask(3, "tools/list", _meta=META)
        first = pipe.answer(3)
        assert first["ttlMs"] >= 0
        pipe.ask(4, "tools/list", _meta=META)
        assert pipe.answer(4) == first  # the same bytes: a model's cache keeps them


def no_such_run(pipe: Pipe, **more: Any) -> dict[str, Any]:
    pipe.ask("gone", "resources/read", uri="mux://runs/0000000000", **more)
    return pipe.answer("gone")


def test_a_resource_that_is_not_there_is_told_as_the_era_wants(world: World) -> None:
    with world.pipe() as pipe:
        assert no_such_run(pipe)["code"] == -32002
    with world.bare() as pipe:
        error = no_such_run(pipe, _meta=META)
        assert (error["code"], error["data"]["uri"]) == (-32602, "mux://runs/0000000000")


async def test_runs_are_resources(world: World) -> None:
    async with world.ide() as ide:
        ran = await ide.call_tool("mux_dispatch", {"task": "echo hi", "provider": "sh"})
        run = ran.structured_content["run_id"]
        listed = (await ide.list_resources()).resources
        templates = (await ide.list_resource_templates()).resource_templates
        detail = (await ide.read_resource(f"mux://runs/{run}")).contents[0]
        output = (await ide.read_resource(f"mux://runs/{run}/output")).contents[0]
    assert listed[0].uri == f"mux://runs/{run}"
    assert [one.uri_template for one in templates] == ["mux://runs/{run_id}", "mux://runs/{run_id}/output"]
    assert isinstance(detail, TextResourceContents)
    assert json.loads(detail.text)["task"] == "echo hi"
    assert isinstance(output, TextResourceContents)
    assert output.text.strip() == "hi"


async def test_prompts_are_filled_once(world: World) -> None:
    async with world.ide() as ide:
        names = [prompt.name for prompt in (await ide.list_prompts()).prompts]
        filled = await ide.get_prompt("second_opinion", {"provider": "sh", "work": "{provider} {work}"})
        with pytest.raises(MCPError, match="'work' is missing"):
            await ide.get_prompt("review", {})
        with pytest.raises(MCPError, match="no prompt 'reviw'"):
            await ide.get_prompt("reviw", {})
    assert names == ["review", "debate", "second_opinion"]
    content = filled.messages[0].content
    assert isinstance(content, TextContent)
    assert "(provider: sh," in content.text
    assert content.text.endswith("\n\n{provider} {work}")
