"""What one run may cost at most (`--budget`, `max_cost`), by what its agents have cost so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine.stage import Stage, ended
from modelmuxd.app.rooms import Engine
from muxwire.broadcast import BroadcastParams
from muxwire.insight import Caller
from muxwire.runs import CallerEnv, Origin, RunResult

pytestmark = pytest.mark.anyio

CENT = "spend some-model 1 1 10000"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path, "codex", "claude")
    for one in made.adapters.values():
        one.billing = "metered"
    return made


async def known(stage: Stage, engine: Engine) -> None:
    """Each of them has cost a cent."""
    for name in stage.adapters:
        await stage.run(engine, CENT, provider=name)


async def test_one_that_is_too_dear_is_refused_before_it_starts(stage: Stage) -> None:
    async with stage.engine() as engine:
        await known(stage, engine)
        run = await stage.run(engine, CENT, provider="codex", max_cost=0.005)
        assert (run.status, run.attempts) == ("blocked", 0)
        assert run.error is not None
        assert (run.error.code, run.error.hint) == ("budget", "Send it again with a larger budget.")
        assert "codex: An attempt may cost $0.01 (the mean so far), and $0.005 is left of $0.005." in run.error.message
        assert (await stage.run(engine, CENT, provider="codex", max_cost=0.01)).status == "success"


async def test_where_nothing_is_known_a_guess_decides(stage: Stage) -> None:
    async with stage.engine() as engine:
        run = await stage.run(engine, CENT, provider="codex", max_cost=0.01)
        assert run.status == "blocked"
        assert run.error is not None
        assert "$0.10 (a guess: its price is unknown), and $0.01 is left" in run.error.message
        assert (await stage.run(engine, CENT, provider="codex", max_cost=1)).status == "success"


async def test_one_that_spends_no_money_is_asked_instead(stage: Stage) -> None:
    stage.adapters["claude"].billing = "subscription"
    async with stage.engine() as engine:
        await known(stage, engine)
        assert (await stage.run(engine, "say x", max_cost=0)).provider == "claude"
        route = await engine.routes.of(stage.ask("x", max_cost=0), {}, Caller())
        assert [one.provider for one in route.ranked] == ["claude"]
        (left_out,) = route.excluded
        assert (left_out.provider, left_out.reasons) == (
            "codex",
            ("An attempt may cost $0.01 (the mean so far), and $0 is left of $0.",),
        )


@pytest.mark.parametrize(("allowed", "provider"), [(0.019, "codex"), (0.02, "claude")])
async def test_failing_over_counts(stage: Stage, allowed: float, provider: str) -> None:
    async with stage.engine() as engine:
        await known(stage, engine)
        run = await stage.run(engine, CENT, "fault auth", provider="codex", failover=True, max_cost=allowed)
        assert run.provider == provider
        assert run.error is not None
        assert run.error.code == "auth"


async def test_one_that_cost_nobody_knows_what_counts_as_the_next_may(stage: Stage) -> None:
    """A guess of ten cents has gone; another one does not fit."""
    asked = ("spend some-model 1 1", "fault auth", "exit 1")
    async with stage.engine() as engine:
        tight = await stage.run(engine, *asked, provider="codex", failover=True, max_cost=0.15)
        wide = await stage.run(engine, *asked, provider="codex", failover=True, max_cost=0.25)
    assert [(one.provider, one.attempts) for one in (tight, wide)] == [("codex", 1), ("claude", 2)]


async def broadcast(stage: Stage, engine: Engine, max_cost: float) -> list[RunResult]:
    more: dict[str, Any] = {"workdir": str(stage.workdir), "env": CallerEnv(stage.env), "max_cost": max_cost}
    params = BroadcastParams(task=CENT, providers=("codex", "claude"), **more)
    asked, plan = await engine.composites.broadcast(params, frozenset())
    task = await engine.runs.accept(asked, Origin(kind="test", principal="0"), {}, plan=plan)
    await ended(engine, task)
    return list((await engine.composites.broadcast_result(await engine.runs.find(task.new.run_id))).results)


async def test_those_who_are_asked_at_once_share_it(stage: Stage) -> None:
    async with stage.engine() as engine:
        await known(stage, engine)
        assert [one.status for one in await broadcast(stage, engine, 0.02)] == ["success", "success"]
        refused = await broadcast(stage, engine, 0.018)
        assert [one.error and one.error.code for one in refused] == ["budget", "budget"]


async def nested(stage: Stage, engine: Engine, parent: str, **more: Any) -> RunResult:
    """What an agent asks for in the name of its run."""
    origin = Origin(kind="mcp", principal="0", parent=parent)
    return await ended(engine, await engine.runs.accept(stage.ask(CENT, provider="codex", **more), origin, {}))


async def test_what_its_agent_asks_for_counts_too_at_any_depth(stage: Stage) -> None:
    async with stage.engine() as engine:
        await known(stage, engine)
        go = stage.root / "go"
        above = await stage.accept(engine, f"until {go}", CENT, provider="codex", max_cost=0.025)
        first = await nested(stage, engine, above.new.run_id)
        second = await nested(stage, engine, first.run_id, max_cost=5)
        third = await nested(stage, engine, first.run_id, max_cost=5)
        elsewhere = await stage.run(engine, CENT, provider="codex")
        go.touch()
        assert (await ended(engine, above)).status == "success"
    assert [one.status for one in (first, second, third, elsewhere)] == ["success", "success", "blocked", "success"]
    assert third.error is not None
    assert f"$0.005 is left of $0.025 that {above.new.run_id} may cost in all" in third.error.message
