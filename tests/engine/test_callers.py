"""The agent that asks for help is not given itself, unless it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.stage import Stage, ended
from modelmuxd.app.rooms import Engine
from modelmuxd.engine.callers import judge
from modelmuxd.engine.plan import TaskSettings
from modelmuxd.runner.calling import Sign
from muxwire.insight import Caller
from muxwire.runs import Origin, RunResult

pytestmark = pytest.mark.anyio

BY_VARIABLE = Sign("gemini", "GEMINI_CLI", "environment")
BY_NAME = Sign("codex", "codex (7)", "process")
CODEX = Caller("codex", "client", "the MCP client is codex-mcp-client", excluded=True)


@pytest.mark.parametrize(
    ("said", "asking", "client", "sign", "provider", "method"),
    [
        ("claude", "codex", "gemini-cli-mcp-client", BY_VARIABLE, "claude", "override"),
        ("", "codex", "claude-code", BY_VARIABLE, "codex", "run"),
        ("", "", "claude-code", BY_VARIABLE, "claude", "client"),
        ("", "", "codex-mcp-client", None, "codex", "client"),
        ("", "", "notopenai-x", BY_VARIABLE, "gemini", "environment"),
        ("", "", "claude code", BY_NAME, "codex", "process"),
        ("", "", "cursor", None, "", ""),
    ],
)
async def test_the_first_that_says_anything_counts(
    said: str, asking: str, client: str, sign: Sign | None, provider: str, method: str
) -> None:
    settings = TaskSettings(adapters={}, caller_override=said)
    found = judge(settings, parent="r", asking=asking, client=client, sign=sign)
    assert (found.provider, found.method, found.excluded) == (provider, method, bool(provider))


async def test_the_exclusion_can_be_switched_off() -> None:
    settings = TaskSettings(adapters={}, auto_exclude_caller=False)
    found = judge(settings, parent="", asking="", client="claude-code", sign=None)
    assert (found.provider, found.excluded) == ("claude", False)


async def called(stage: Stage, engine: Engine, caller: Caller, *script: str, **more: object) -> RunResult:
    params = stage.ask(*script, **more)
    task = await engine.runs.accept(params, Origin(kind="test", principal="0"), {}, caller=caller)
    return await ended(engine, task)


async def test_auto_leaves_the_caller_out_and_says_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        alone = await stage.run(engine, "say x")
        result = await called(stage, engine, CODEX, "say x")
        detail = await engine.runs.detail(await engine.runs.find(result.run_id))
    assert (alone.provider, alone.caller_excluded) == ("codex", None)
    assert (result.provider, result.caller_excluded, result.status) == ("claude", "codex", "success")
    assert detail.origin.caller == "codex"
    assert "codex calls (the MCP client is codex-mcp-client)" in detail.decisions[0].text
    route = next(one for one in detail.decisions if one.kind == "route")
    assert "is the caller" in str(route.data["excluded"])


async def test_whoever_names_itself_is_asked(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        result = await called(stage, engine, CODEX, "say x", provider="codex")
    assert (result.provider, result.caller_excluded, result.status) == ("codex", None, "success")


async def test_nothing_fails_over_to_the_caller(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        result = await called(
            stage, engine, CODEX, "fault transient", "exit 1", provider="claude", failover=True, timeout=5
        )
    assert (result.provider, result.caller_excluded, result.attempts) == ("claude", "codex", 1)


async def test_a_caller_that_is_all_there_is_learns_how_to_ask_itself(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex")
    async with stage.engine() as engine:
        result = await called(stage, engine, CODEX, "say x")
    assert result.error is not None
    assert result.error.code == "no_provider"
    assert "-p codex" in result.error.message


async def test_a_caller_that_is_off_is_still_known(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    seen = Caller("codex", "process", "it was started below codex (7)", excluded=False)
    async with stage.engine() as engine:
        result = await called(stage, engine, seen, "say x")
        origin = (await engine.runs.find(result.run_id)).new.origin
    assert (result.provider, result.caller_excluded, origin.caller) == ("codex", None, "codex")
