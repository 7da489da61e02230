"""The router in the engine: what is learned of ends decides the next choice, and every choice can be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from engine.stage import Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.knowledge import Judged, Knowledge
from modelmuxd.routing.router import project_key
from muxwire.insight import Caller
from muxwire.routing import Route

pytestmark = pytest.mark.anyio


async def teach(engine: Engine, agent: str, value: float, times: int = 12) -> None:
    one = Judged(at=1.0, agent=agent, value=value, source="verify", expected=0.6)
    await engine.learned._store.learn([one] * times)


async def route(stage: Stage, engine: Engine, task: str = "x", **more: Any) -> Route:
    return await engine.routes.of(stage.ask(task, provider="auto", **more), {}, more.pop("caller", Caller()))


async def test_what_was_learned_decides_and_the_attempt_remembers_what_was_expected(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        assert (await stage.run(engine, "say x")).provider == "codex"
        await teach(engine, "claude", 1.0)
        result = await stage.run(engine, "say x")
        assert (result.provider, result.routed_from) == ("claude", "auto")
        (attempt,) = await engine.learned._store.attempts(result.run_id)
        assert attempt.routed is not None
        assert (attempt.routed.agent, attempt.routed.project) == ("claude", project_key(str(stage.workdir)))
        assert attempt.routed.expected > 0.65


async def test_the_decision_is_kept_in_numbers(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        await teach(engine, "claude", 1.0)
        result = await stage.run(engine, "say fix the bug")
        kept = [one for _, one in await engine.learned._store.decisions(result.run_id) if one.kind == "route"]
        said = msgspec.convert(kept[0].data, Route)
        assert [one.provider for one in said.ranked] == ["claude", "codex"]
        assert said.ranked[0].score == pytest.approx(sum(said.ranked[0].parts.values()), abs=0.001)
        assert said.ranked[0].judged == pytest.approx(12, abs=2)
        assert 0.5 < said.sure <= 1
        assert said.turn


async def test_a_dry_run_says_what_a_dispatch_would_do_and_keeps_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        await teach(engine, "claude", 1.0)
        assert (await route(stage, engine)).ranked[0].provider == "claude"
        left = await engine.routes.of(stage.ask("x", provider="auto"), {}, Caller("claude", "run", "w", excluded=True))
        assert [one.provider for one in left.ranked] == ["codex"]
        assert "caller" in left.excluded[0].reasons[0]
        assert await engine.learned._store.recent(9) == []


async def test_it_is_still_known_after_a_restart_and_can_be_forgotten_and_brought_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        await teach(engine, "claude", 1.0, times=60)
    async with stage.engine() as engine:
        known = await engine.learned.now()
        assert known.agents["claude"].all.weight > 20
        await engine.learned.replace(Knowledge())
        assert (await route(stage, engine)).ranked[0].provider == "codex"
        await engine.learned.replace(msgspec.convert(msgspec.to_builtins(known), Knowledge))
        assert (await route(stage, engine)).ranked[0].provider == "claude"
    async with stage.engine() as engine:
        assert await engine.learned.now() == known


async def test_chance_has_no_part_where_the_agent_may_do_anything(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    Path(stage.here.profiles).parent.mkdir(parents=True, exist_ok=True)
    Path(stage.here.profiles).write_text("[routing]\nexplore = 1.0\n")
    async with stage.engine() as engine:
        assert "chance" not in (await route(stage, engine, sandbox="full")).ranked[0].parts
        assert "chance" in (await route(stage, engine)).ranked[0].parts
