"""What an attempt came to is written down with its end: by whose figures, at which prices, and who pays."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.stage import Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.bucket import Asked, Counts
from modelmuxd.engine.status import today
from muxwire.runs import Cost

pytestmark = pytest.mark.anyio

SPEND = "spend gpt-5.1-codex 1000000 1000"
LIST = 1_260_000
"""1.25 for a million of input, 10 for one of output."""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, "codex", "claude")


async def counted(engine: Engine) -> Counts:
    (found,) = await engine.store.sums(Asked())
    return found.counts


async def test_tokens_are_priced_by_the_table(stage: Stage) -> None:
    stage.adapters["codex"].billing = "metered"
    async with stage.engine() as engine:
        run = await stage.run(engine, SPEND, provider="codex")
        assert run.cost == Cost(usd=1.26, source="table")
        (attempt,) = await engine.store.attempts(run.run_id)
        assert attempt.model == "gpt-5.1-codex"
        assert attempt.bill is not None
        assert (attempt.bill.billing, attempt.bill.reckoned, attempt.bill.reported) == ("metered", LIST, None)
        (price,) = attempt.bill.prices
        assert (price.model, price.rates.input) == ("gpt-5.1", 1_250_000)
        assert price.as_of
        assert (await counted(engine)).cost_micros == LIST


async def test_what_the_agent_says_counts_and_ours_is_kept_beside_it(stage: Stage) -> None:
    async with stage.engine() as engine:
        run = await stage.run(engine, f"{SPEND} 42", provider="codex")
        assert run.cost == Cost(usd=0.000042, source="provider")
        (attempt,) = await engine.store.attempts(run.run_id)
        assert attempt.bill is not None
        assert (attempt.bill.reported, attempt.bill.reckoned) == (42, LIST)


async def test_a_plan_pays_no_money(stage: Stage) -> None:
    stage.adapters["codex"].billing = "subscription"
    async with stage.engine() as engine:
        run = await stage.run(engine, SPEND, provider="codex")
        assert run.cost == Cost(usd=0.0, source="table", plan_usd=1.26)
        sums = await counted(engine)
        assert (sums.cost_micros, sums.plan_micros, sums.unpriced) == (0, LIST, 0)
        spent = await today(engine.store, stage.clock.now())
        assert (spent.cost_usd, spent.plan_usd) == (0.0, 1.26)


async def test_an_unknown_price_is_unknown(stage: Stage) -> None:
    async with stage.engine() as engine:
        run = await stage.run(engine, "spend gpt-5.1-codexx 10 10", provider="codex")
        assert run.cost == Cost(usd=None)
        assert (await counted(engine)).unpriced == 1


async def test_the_user_sets_a_price(stage: Stage) -> None:
    Path(stage.here.profiles).parent.mkdir(parents=True, exist_ok=True)
    Path(stage.here.profiles).write_text('[prices."codex/mine"]\ninput = 0.1\noutput = 2\n')
    async with stage.engine() as engine:
        run = await stage.run(engine, "spend mine 1000000 1000 7", provider="codex")
        assert run.cost == Cost(usd=0.102, source="settings")


async def test_all_attempts_of_a_run_are_paid_each_in_its_own_way(stage: Stage) -> None:
    stage.adapters["codex"].billing = "subscription"
    stage.adapters["claude"].billing = "metered"
    async with stage.engine() as engine:
        run = await stage.run(engine, SPEND, "fault auth", provider="codex", failover=True)
        assert run.provider == "claude"  # where that model has no price
        assert run.cost == Cost(usd=None, source="table", plan_usd=1.26)
        run = await stage.run(engine, f"{SPEND} 10", "fault auth", provider="codex", failover=True)
        assert run.cost == Cost(usd=0.00001, source="provider", plan_usd=0.00001)
