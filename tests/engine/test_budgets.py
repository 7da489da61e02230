"""Budgets: held back with the claim, settled with the end, and never overspent by a race."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import anyio
import msgspec
import pytest
from engine.stage import HandClock, Stage, ended, waits
from modelmuxd.app.rooms import Engine
from modelmuxd.engine.choice import DEAR
from muxwire.budget import BudgetLine
from muxwire.routing import Route
from muxwire.runs import RunResult

pytestmark = pytest.mark.anyio

CENT = "spend some-model 1 1 10000"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path, "codex", "claude")
    for one in made.adapters.values():
        one.billing = "metered"
    return made


def allow(stage: Stage, text: str) -> None:
    Path(stage.here.profiles).parent.mkdir(parents=True, exist_ok=True)
    Path(stage.here.profiles).write_text(text)


async def lines(engine: Engine) -> dict[str, BudgetLine]:
    return {one.name: one for one in (await engine.purses.report()).lines}


async def test_fifty_clients_race_for_the_last_cents(stage: Stage) -> None:
    """One is known to cost a cent, and there are ten: ten run."""
    async with stage.engine() as engine:
        await stage.run(engine, CENT, provider="codex")
        allow(stage, "[budgets]\nday = 0.11\n")
        results: list[RunResult] = []

        async def client() -> None:
            results.append(await stage.run(engine, CENT, provider="codex", failover=False))

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(client)
        states = [one.status for one in results]
        assert (states.count("success"), states.count("blocked")) == (10, 40)
        refused = next(one.error for one in results if one.error)
        assert refused.code == "budget"
        assert "The budget of all runs for this day is used up: $0.11 of $0.11" in refused.message
        assert refused.resets_at
        line = (await lines(engine))["of all runs for this day"]
        assert (line.spent_usd, line.held_usd, line.left_usd) == (0.11, 0.0, 0.0)


async def test_what_others_hold_back_is_waited_for(stage: Stage, tmp_path: Path) -> None:
    async with stage.engine() as engine:
        await stage.run(engine, CENT, provider="codex")
        allow(stage, "[budgets.providers.codex]\nday = 0.025\n")
        first = await stage.accept(engine, f"until {tmp_path / 'go'}", "spend some-model 1 1 1", provider="codex")
        second = await stage.accept(engine, CENT, provider="codex", failover=False)
        held = await waits(engine, second, "budget")
        assert "held back by runs that are under way" in held.waiting_for
        assert (await lines(engine))["of codex for this day"].held_usd == 0.01
        (tmp_path / "go").touch()
        assert (await ended(engine, first)).status == "success"
        assert (await ended(engine, second)).status == "success"  # the first took less than it might have


async def test_each_attempt_reserves_again(stage: Stage) -> None:
    allow(stage, "[budgets.providers.codex]\nweek = 5\n[budgets.providers.claude]\nmonth = 5\n")
    async with stage.engine() as engine:
        run = await stage.run(engine, CENT, "fault auth", provider="codex", failover=True)
        assert run.provider == "claude"
        spent = {name: one.spent_usd for name, one in (await lines(engine)).items()}
        assert spent == {"of codex for this week": 0.01, "of claude for this month": 0.01}


async def test_a_plan_spends_no_budget(stage: Stage) -> None:
    stage.adapters["codex"].billing = "subscription"
    allow(stage, "[budgets]\nday = 0\n")
    async with stage.engine() as engine:
        assert (await stage.run(engine, CENT, provider="codex")).status == "success"
        assert (await stage.run(engine, CENT, provider="claude", failover=False)).status == "blocked"
        assert (await lines(engine))["of all runs for this day"].spent_usd == 0


async def test_the_cheapest_is_asked_instead(stage: Stage) -> None:
    stage.adapters["claude"].billing = "local"
    allow(stage, '[budgets]\nday = 0.02\nthen = "cheapest"\n')
    async with stage.engine() as engine:
        dear = "spend some-model 1 1 15000"
        runs = [await stage.run(engine, dear) for _ in range(3)]
        assert [run.provider for run in runs] == ["claude"] * 3  # a guess would be too dear
        (route,) = [one for _, one in await engine.store.decisions(runs[0].run_id) if one.kind == "route"]
        assert route.text == "claude: the cheapest that the budgets leave room for; not for codex"
        told = msgspec.convert(route.data, Route)
        assert [one.provider for one in told.ranked] == ["claude"]
        assert [(one.provider, one.reasons) for one in told.excluded] == [("codex", (DEAR,))]
        allow(stage, '[budgets]\nday = 0.02\nthen = "cheapest"\n[prices.some-model]\ninput = 1\noutput = 1\n')
        assert (await stage.run(engine, dear, provider="codex", failover=False)).status == "blocked"


async def test_what_was_spent_before_a_budget_was_set_counts(stage: Stage) -> None:
    async with stage.engine() as engine:
        await stage.run(engine, CENT, provider="codex", profile="default")
        allow(stage, "[budgets.origins.test]\nday = 0.01\n[budgets.profiles.default]\nday = 1\n")
        assert (await stage.run(engine, CENT, provider="codex", failover=False)).status == "blocked"
        assert (await lines(engine))["of the profile default for this day"].spent_usd == 0.01


async def test_a_day_begins_at_midnight_and_a_week_goes_on(tmp_path: Path) -> None:
    clock = HandClock(datetime(2026, 11, 24, 23, 59).timestamp())
    stage = Stage(tmp_path, clock=clock)
    allow(stage, "[budgets]\nday = 1\nweek = 2\n")
    async with stage.engine() as engine:
        await stage.run(engine, CENT)
        await clock.advance(120)
        spent = {name: one.spent_usd for name, one in (await lines(engine)).items()}
        assert spent == {"of all runs for this day": 0.0, "of all runs for this week": 0.01}
