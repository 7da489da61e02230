"""The tools as the SDK's own client sees and uses them: a real shim, a real daemon, real agents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp_types import CallToolResult, ResourceLink, TextContent, TextResourceContents
from shim.world import World

pytestmark = pytest.mark.anyio

DEFINITIONS = 9000
"""Bytes that all definitions may have, without output schemas: every session of every model pays for them."""


def text(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def data(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    found: dict[str, Any] = result.structured_content
    return found


async def test_the_tools_are_few_short_and_typed(world: World) -> None:
    async with world.ide() as ide:
        tools = (await ide.list_tools()).tools
    lean = [tool.model_dump(by_alias=True, exclude_none=True, exclude={"output_schema"}) for tool in tools]
    assert len(json.dumps(lean, ensure_ascii=False, separators=(",", ":")).encode()) < DEFINITIONS
    for tool in tools:
        assert tool.title
        assert tool.annotations is not None
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        assert "$ref" not in json.dumps([tool.input_schema, tool.output_schema])


async def test_a_dispatch_gives_the_agents_answer(world: World) -> None:
    async with world.ide() as ide:
        run = data(await ide.call_tool("mux_dispatch", {"task": "pwd", "provider": "sh"}))
        again = data(await ide.call_tool("mux_run", {"run_id": run["run_id"]}))
    assert run["status"] == "success"
    assert run["output"].strip() == world.project
    assert again == run


async def test_what_takes_longer_goes_on_by_its_id(world: World) -> None:
    async with world.ide() as ide:
        made = Path(world.project, "now")
        task = f"until [ -e {made} ]; do sleep 0.01; done; echo hello"
        run = data(await ide.call_tool("mux_dispatch", {"task": task, "provider": "sh", "wait_s": 0.2}))
        assert run["status"] == "running"
        assert run["next"] == f'mux_run(run_id="{run["run_id"]}", action="wait")'
        made.touch()
        ended = data(await ide.call_tool("mux_run", {"run_id": run["run_id"], "action": "wait"}))
    assert (ended["status"], ended["output"].strip()) == ("success", "hello")
    assert "next" not in ended


async def test_what_may_cost_too_much_is_refused(world: World) -> None:
    async with world.ide() as ide:
        refused = await ide.call_tool("mux_dispatch", {"task": "echo x", "provider": "sh", "max_cost": 0.01})
        assert refused.is_error
        assert "its price is unknown" in refused.structured_content["error"]["message"]
        assert data(await ide.call_tool("mux_dispatch", {"task": "echo x", "provider": "sh", "max_cost": 1}))


async def test_a_run_is_canceled(world: World) -> None:
    async with world.ide() as ide:
        run = data(await ide.call_tool("mux_dispatch", {"task": "sleep 300", "provider": "sh", "background": True}))
        ended = data(await ide.call_tool("mux_run", {"run_id": run["run_id"], "action": "cancel"}))
    assert ended["status"] == "canceled"


async def test_several_are_asked_at_once(world: World) -> None:
    async with world.ide() as ide:
        asked = {"task": "echo hi", "providers": ["sh", "sh2"]}
        both = data(await ide.call_tool("mux_broadcast", asked))
        later = data(await ide.call_tool("mux_broadcast", {**asked, "task": "sleep 300", "wait_s": 0.1}))
        ended = data(await ide.call_tool("mux_run", {"run_id": later["run_id"], "action": "cancel"}))
        again = data(await ide.call_tool("mux_run", {"run_id": both["run_id"], "action": "wait"}))
    assert again == both
    assert [one["output"].strip() for one in both["results"]] == ["hi", "hi"]
    assert both["summary"] == {"total": 2, "success": 2, "error": 0}
    assert (later["status"], later["next"]) == ("running", f'mux_run(run_id="{later["run_id"]}", action="wait")')
    assert ended["status"] == "canceled"


async def test_roles_are_given_as_in_the_older_program(world: World) -> None:
    async with world.ide() as ide:
        listed = data(await ide.call_tool("mux_collaborate", {"task": "-", "list_patterns": True}))
        wrong = await ide.call_tool("mux_collaborate", {"task": "true", "providers": "{reviewer"})
        asked = {"task": "true", "pattern": "consensus", "providers": '{"nobody-is-this": "sh"}'}
        unknown = await ide.call_tool("mux_collaborate", asked)
    assert "review" in [pattern["name"] for pattern in listed["patterns"]]
    assert text(wrong).startswith("usage: `providers`: ")
    assert "nobody-is-this" in text(unknown)


async def test_workflows_are_listed_and_an_unknown_one_is_named(world: World) -> None:
    async with world.ide() as ide:
        listed = data(await ide.call_tool("mux_workflow", {"task": "-", "workflow": "-", "list_workflows": True}))
        unknown = await ide.call_tool("mux_workflow", {"task": "true", "workflow": "triage-bag"})
    assert listed["workflows"]
    assert "'triage-bug'" in text(unknown)


async def test_an_answer_is_rated(world: World) -> None:
    async with world.ide() as ide:
        run = data(await ide.call_tool("mux_dispatch", {"task": "echo hi", "provider": "sh"}))
        rated = data(await ide.call_tool("mux_feedback", {"run_id": run["run_id"], "rating": 5, "provider": ""}))
        listed = data(await ide.call_tool("mux_feedback", {"list_recent": True}))
    assert (rated["rating"], rated["provider"]) == (5, "sh")
    assert [one["run_id"] for one in listed["entries"]] == [run["run_id"]]


async def test_what_was_done_is_found_again(world: World) -> None:
    async with world.ide() as ide:
        run = data(await ide.call_tool("mux_dispatch", {"task": "echo sapphire", "provider": "sh"}))
        found = data(await ide.call_tool("mux_history", {"text": "sapphire", "provider": "sh", "status": ""}))
        sums = data(await ide.call_tool("mux_history", {"stats_only": True, "costs": True, "hours": 0}))
    assert [one["run_id"] for one in found["entries"]] == [run["run_id"]]
    assert sums["total"] >= sums["by_provider"]["sh"]["calls"] >= 1
    assert "total_cost_usd" in sums["costs"]


async def test_a_task_is_diagnosed_and_not_run(world: World) -> None:
    async with world.ide() as ide:
        told = data(await ide.call_tool("mux_check", {"diagnose": "echo never"}))
        plain = data(await ide.call_tool("mux_check", {"diagnose": True}))
        listed = data(await ide.call_tool("mux_history", {"limit": 100}))
    assert told["route"]
    assert "route" not in plain
    assert "echo never" not in [one["task"] for one in listed["entries"]]


async def test_a_long_answer_is_cut_and_linked(world: World) -> None:
    async with world.ide() as ide:
        asked = {"task": "head -c 10000000 /dev/zero | tr '\\0' x", "provider": "sh"}
        result = await ide.call_tool("mux_dispatch", asked)
        run = data(result)
        link = result.content[1]
        assert isinstance(link, ResourceLink)
        whole = (await ide.read_resource(link.uri)).contents[0]
    assert (run["output_size"], link.size, len(run["output"])) == (10_000_000, 10_000_000, 48 * 1024)
    assert isinstance(whole, TextResourceContents)
    assert len(whole.text) == 10_000_000


async def test_check_tells_who_can_be_asked_and_who_asks(world: World) -> None:
    async with world.ide("claude-code") as ide:
        told = data(await ide.call_tool("mux_check", {}))
    assert told["check"]["providers"]["sh"]["available"]
    assert told["caller"]["provider"] == "claude"
    assert told["client"] == "claude-code"
    assert told["policy"]["where"].endswith("policy.json")


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("mux_dispatch", {"task": "x", "providr": "sh"}, "usage: There is no argument 'providr'. Did you mean"),
        ("mux_dispatch", {"task": "x", "provider": "nobody"}, "'nobody'"),
        ("mux_dispatch", {"provider": "sh"}, "usage: mux_dispatch: Object missing required field `task`."),
        ("mux_dispatch", {"task": "x", "provider": "sh", "timeout": 0}, "usage: mux_dispatch: Expected `int` >= 1"),
        ("mux_run", {"run_id": "0000000"}, "not_found: "),
        ("mux_nothing", {}, "usage: There is no tool 'mux_nothing'."),
    ],
)
async def test_what_is_wrong_is_told_in_one_style(
    world: World, tool: str, arguments: dict[str, Any], says: str
) -> None:
    async with world.ide() as ide:
        result = await ide.call_tool(tool, arguments)
    assert result.is_error
    assert says in text(result)


async def test_a_run_that_fails_is_an_error_with_its_result(world: World) -> None:
    async with world.ide() as ide:
        result = await ide.call_tool(
            "mux_dispatch", {"task": "echo so far; exit 3", "provider": "sh", "failover": False}
        )
    assert result.is_error
    assert isinstance(result.content[0], TextContent)
    assert result.content[0].text.startswith("crashed: ")
    assert result.structured_content["status"] == "error"
