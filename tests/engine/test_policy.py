"""The policy and the limits against loops hold on every path, however many ask at once."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from engine.stage import HandClock, Stage, ended, waits
from modelmuxd.app.rooms import Engine
from modelmuxd.policy.rules import Policy
from modelmuxd.policy.state import PolicyState
from modelmuxd.store.records import Task
from muxwire.faults import CONFIG, POLICY, Fault
from muxwire.runs import Origin, RunResult
from muxwire.settings.model import Limits

pytestmark = pytest.mark.anyio


def under(policy: Policy) -> PolicyState:
    return PolicyState("policy.json", policy)


async def test_eight_clients_at_once_get_three_attempts(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.policy = under(Policy(max_calls_per_hour=3))
    results: list[RunResult] = []

    async def ask(engine: Engine) -> None:
        results.append(await stage.run(engine, "say x"))

    async with stage.engine() as engine:
        async with anyio.create_task_group() as clients:
            for _ in range(8):
                clients.start_soon(ask, engine)
        attempts = sum(result.attempts for result in results)
    assert attempts == 3
    assert sorted(result.status for result in results) == ["blocked"] * 5 + ["success"] * 3
    assert {result.error.code for result in results if result.error} == {POLICY}


async def test_retries_count_as_attempts(tmp_path: Path) -> None:
    stage = Stage(tmp_path, clock=(clock := HandClock()))
    stage.policy = under(Policy(max_calls_per_hour=1))
    async with stage.engine() as engine:
        task = await stage.accept(engine, "fault transient", "exit 1", max_retries=3)
        await waits(engine, task, "not_before")
        await clock.advance(120)
        result = await ended(engine, task)
    assert (result.status, result.attempts) == ("blocked", 1)


async def test_failing_over_asks_nobody_who_is_blocked(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    stage.policy = under(Policy(blocked_providers=("claude",)))
    async with stage.engine() as engine:
        result = await stage.run(engine, "fault quota 9999", "exit 1", failover=True, timeout=5, deadline=5.0)
        decisions = (await engine.runs.detail(await engine.runs.find(result.run_id))).decisions
    assert (result.provider, result.attempts) == ("codex", 1)
    assert any("blocked_providers" in str(one.data) for one in decisions)


async def test_nobody_left_is_blocked_and_says_why(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.policy = under(Policy(allowed_providers=("claude",)))
    async with stage.engine() as engine:
        result = await stage.run(engine, "say x")
    assert result.error
    assert (result.status, result.error.code) == ("blocked", POLICY)
    assert "allowed_providers" in result.error.message


async def test_a_default_timeout_is_clamped(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(timeout=200))
    async with stage.engine() as engine:
        usual = await stage.accept(engine, "say x", timeout=None)
        stage.policy = under(Policy(max_timeout=20))
        clamped = await stage.accept(engine, "say x", timeout=None)
    assert (usual.new.timeout, clamped.new.timeout) == (200, 20)


async def test_a_link_into_a_folder_is_that_folder(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    (tmp_path / "link").symlink_to("/")
    stage.policy = under(Policy(allowed_workdirs=(str(tmp_path),)))
    async with stage.engine() as engine:
        inside = await stage.run(engine, "say x")
        outside = await stage.run(engine, "say x", workdir=str(tmp_path / "link" / "usr"))
    assert (inside.status, outside.status) == ("success", "blocked")


async def test_what_was_accepted_waits_while_the_policy_is_broken(tmp_path: Path) -> None:
    stage = Stage(tmp_path, clock=(clock := HandClock()))
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say x", delay=60.0)
    stage.policy = PolicyState("policy.json", faults=(Fault(CONFIG, "policy.json:1:1: broken.", "Mend it."),))
    async with stage.engine() as engine:
        await clock.advance(61)
        held = await waits(engine, task, "paused")
        assert "broken" in held.waiting_for
        refused = await stage.run(engine, "say y")
        stage.policy = under(Policy())
        await clock.advance(31)
        result = await ended(engine, task)
    assert (refused.status, result.status) == ("blocked", "success")


async def below(engine: Engine, stage: Stage, parent: Task) -> Task:
    origin = Origin(kind="test", principal="0", parent=parent.new.run_id)
    return await engine.runs.accept(stage.ask("say x"), origin, {})


async def test_a_chain_of_runs_ends_at_its_limit(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(depth=2))
    async with stage.engine() as engine:
        first = await stage.accept(engine, "say x")
        second = await below(engine, stage, first)
        third = await below(engine, stage, second)
        fourth = await below(engine, stage, third)
    assert [each.new.depth for each in (first, second, third)] == [0, 1, 2]
    assert {second.new.root, third.new.root} == {first.new.run_id}
    assert fourth.state == "blocked"
    assert fourth.fault
    assert "limits.depth" in fourth.fault.message


async def test_a_run_asks_for_so_many_runs_a_minute(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, limits=Limits(per_minute=2), clock=clock)
    async with stage.engine() as engine:
        parent = await stage.accept(engine, "say x")
        states = [(await below(engine, stage, parent)).state for _ in range(3)]
        await clock.advance(61)
        later = await below(engine, stage, parent)
    assert states == ["queued", "queued", "blocked"]
    assert later.state == "queued"
