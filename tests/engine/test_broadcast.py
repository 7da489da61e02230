"""Broadcast: one task for several agents at once, on the one durable path."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest
from engine.stage import Stage, alive, ended, until
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.bucket import Asked
from modelmuxd.engine.status import today
from modelmuxd.policy.rules import Policy
from modelmuxd.policy.state import PolicyState
from modelmuxd.store.records import Task
from muxwire import events as wire
from muxwire.broadcast import BroadcastParams, BroadcastResult
from muxwire.faults import FaultError
from muxwire.runs import CallerEnv, Origin, RetryParams
from muxwire.settings import Settings
from muxwire.settings.model import Limits

pytestmark = pytest.mark.anyio

THREE = ("codex", "gemini", "claude/opus")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, "codex", "gemini", "claude")


async def send(
    stage: Stage, engine: Engine, *script: str, secrets: Mapping[str, str] | None = None, **more: Any
) -> Task:
    fields = {"providers": THREE, "workdir": str(stage.workdir), "env": CallerEnv(stage.env), **more}
    asked, plan = await engine.composites.broadcast(
        BroadcastParams(task="\n".join(script), **fields), frozenset(secrets or ())
    )
    return await engine.runs.accept(asked, Origin(kind="test", principal="0"), secrets or {}, plan=plan)


async def test_without_names_all_are_asked_but_who_calls(stage: Stage) -> None:
    async with stage.engine() as engine:
        params = BroadcastParams(task="x", workdir=str(stage.workdir), env=CallerEnv(stage.env))
        _, all_of_them = await engine.composites.broadcast(params, frozenset())
        _, others = await engine.composites.broadcast(params, frozenset(), left_out="claude")
        assert [one.name for one in all_of_them.members] == ["codex", "gemini", "claude"]
        assert [one.name for one in others.members] == ["codex", "gemini"]
        named = msgspec.structs.replace(params, providers=("claude",))
        _, itself = await engine.composites.broadcast(named, frozenset(), left_out="claude")
        assert [one.name for one in itself.members] == ["claude"]


async def finished(engine: Engine, task: Task) -> BroadcastResult:
    await ended(engine, task)
    return await engine.composites.broadcast_result(await engine.runs.find(task.new.run_id))


async def lines(path: Path, count: int) -> None:
    """Wait until agents have written so many."""
    with anyio.fail_after(20):
        while not path.exists() or path.read_text().count("\n") < count:  # noqa: ASYNC110 - other processes write it
            await anyio.sleep(0.01)


async def test_members_answer_at_the_same_time_and_are_told_as_one(stage: Stage) -> None:
    async with stage.engine() as engine:
        began = time.monotonic()
        task = await send(stage, engine, "sleep 2", "say hello")
        result = await finished(engine, task)
        took = time.monotonic() - began
        events = [event async for event in engine.runs.watch(task.new.run_id)]
    assert took < 2.0 + 2.0, "one after the other they would take 6 s"
    assert (result.status, result.providers) == ("success", THREE)
    assert [run.output for run in result.results] == ["hello"] * 3
    assert [(run.provider, run.model) for run in result.results][2] == ("claude", "opus")
    assert result.token_usage is not None
    assert result.token_usage.total_tokens == 15
    told = [(event.step, event.state) for event in events if isinstance(event, wire.ChildChanged)]
    for name in THREE:
        assert [state for step, state in told if step == name] == ["queued", "running", "success"]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


async def test_the_same_provider_twice_is_two_answers(stage: Stage) -> None:
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, "say x", providers=("codex", "codex", "codex/mini")))
    assert result.providers == ("codex", "codex#2", "codex/mini")
    assert len({run.run_id for run in result.results}) == 3


async def test_with_nobody_named_all_usable_ones_are_asked(stage: Stage) -> None:
    (stage.bin / "gemini").unlink()
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, "say x", providers=()))
    assert result.providers == ("codex", "claude")


async def test_a_quorum_does_not_wait_for_who_hangs(stage: Stage, tmp_path: Path) -> None:
    once = tmp_path / "first"
    async with stage.engine() as engine:
        task = await send(stage, engine, f"once {once}", "sleep 60", quorum=2)
        result = await finished(engine, task)
        (hung,) = [run for run in result.results if run.status != "success"]
        after = (await engine.runs.wait([hung.run_id], 20))[0]
    assert (result.status, result.summary.success) == ("success", 2)
    assert after.state == "canceled"


async def test_one_that_takes_too_long_is_one_that_did_not_answer(stage: Stage, tmp_path: Path) -> None:
    once = tmp_path / "first"
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, f"once {once}", "sleep 60", member_timeout=2))
    assert (result.status, sorted(run.status for run in result.results)) == (
        "success",
        ["success", "success", "timeout"],
    )


async def test_the_whole_has_a_time_of_its_own(stage: Stage) -> None:
    async with stage.engine() as engine:
        task = await send(stage, engine, "sleep 60", timeout=1)
        result = await finished(engine, task)
    assert result.status == "timeout"
    assert {run.status for run in result.results} <= {"timeout", "canceled"}


async def test_when_nobody_answers_the_fault_is_theirs(stage: Stage) -> None:
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, "fault auth", "exit 1"))
    assert result.error is not None
    assert (result.status, result.error.code) == ("error", "auth")
    assert "claude/opus: the script says auth" in result.error.message


async def test_all_or_nothing(stage: Stage, tmp_path: Path) -> None:
    script = (f"once {tmp_path / 'first'}", "fault refused", "exit 1")
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, *script, all=True))
    assert (result.status, result.summary.success) == ("error", 2)


async def test_a_member_that_the_policy_refuses_is_blocked_and_the_others_go_on(stage: Stage) -> None:
    stage.policy = PolicyState("policy.json", Policy(blocked_providers=("gemini",)))
    async with stage.engine() as engine:
        result = await finished(engine, await send(stage, engine, "say x"))
    assert [run.status for run in result.results] == ["success", "blocked", "success"]


async def test_a_cancel_ends_all_of_it(stage: Stage, tmp_path: Path) -> None:
    async with stage.engine() as engine:
        task = await send(stage, engine, f"sh echo $PPID >>{tmp_path / 'pids'}", "sleep 60")
        await lines(tmp_path / "pids", 3)
        await engine.runs.cancel(task.new.run_id, "test")
        result = await finished(engine, task)
    assert result.status == "canceled"
    assert {run.status for run in result.results} == {"canceled"}
    assert not any(alive(int(pid)) for pid in (tmp_path / "pids").read_text().split())


@pytest.mark.parametrize("moments", range(12))
async def test_a_cancel_at_any_moment_is_one(stage: Stage, moments: int) -> None:
    async with stage.engine() as engine:
        task = await send(stage, engine, "sleep 60")
        for _ in range(moments):
            await anyio.lowlevel.checkpoint()
        await engine.runs.cancel(task.new.run_id, "test")
        result = await finished(engine, task)
        assert await engine.runs.unfinished() == []
    assert result.status == "canceled"


async def test_long_answers_stay_whole_in_the_end(stage: Stage) -> None:
    async with stage.engine() as engine:
        task = await send(stage, engine, "flood 400", providers=("codex", "gemini"), compare=True)
        result = await finished(engine, task)
    assert [len(run.output) for run in result.results] == [400_000] * 2
    assert result.comparison is not None
    assert result.comparison.agreement_score == 1.0


async def test_the_next_daemon_goes_on_where_this_one_ended(stage: Stage, tmp_path: Path) -> None:
    """Who has answered is not asked again, who was being asked goes on, and who was not is."""
    stage.settings = Settings(limits=Limits(running=3))  # one is kept for nested runs
    go, log = tmp_path / "go", tmp_path / "log"
    async with stage.engine() as engine:
        task = await send(stage, engine, f"note asked {log}", f"until {go}", "say x")
        await lines(log, 2)
    go.touch()
    async with stage.engine() as engine:
        result = await finished(engine, task)
        events = [event async for event in engine.runs.watch(task.new.run_id)]
    assert result.status == "success"
    told = [(event.step, event.state) for event in events if isinstance(event, wire.ChildChanged)]
    assert all(told.count((name, "success")) == 1 for name in THREE), "what happened in between is told once"
    assert sorted(log.read_text().split()) == sorted(["asked", "codex", "asked", "gemini", "asked", "claude"])


async def test_a_retry_asks_only_those_who_did_not_answer(stage: Stage, tmp_path: Path) -> None:
    log, once = tmp_path / "log", tmp_path / "first"
    async with stage.engine() as engine:
        script = (f"note asked {log}", f"once {once}", "fault refused", "exit 1")
        task = await send(stage, engine, *script, all=True)
        before = await finished(engine, task)
        asked, old = await engine.runs.again(RetryParams(task.new.run_id, env=CallerEnv(stage.env)))
        again = await engine.runs.accept(asked, Origin(kind="test"), {}, plan=old.new.plan, retry_of=old.new.run_id)
        result = await finished(engine, again)
        with pytest.raises(FaultError):
            await engine.runs.again(RetryParams(task.new.run_id, provider="claude"))
    assert before.status == "error"
    assert len(log.read_text().splitlines()) == 4
    assert result.summary.total == 3


async def test_a_retry_of_one_that_lacks_nothing_asks_all_anew(stage: Stage, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with stage.engine() as engine:
        task = await send(stage, engine, f"note asked {log}")
        await finished(engine, task)
        asked, old = await engine.runs.again(RetryParams(task.new.run_id, env=CallerEnv(stage.env)))
        again = await engine.runs.accept(asked, Origin(kind="test"), {}, plan=old.new.plan, retry_of=old.new.run_id)
        result = await finished(engine, again)
    assert (len(log.read_text().splitlines()), result.summary.success) == (6, 3)


async def test_parents_are_no_calls_of_a_provider(stage: Stage) -> None:
    async with stage.engine() as engine:
        await finished(engine, await send(stage, engine, "say x"))
        spent = await today(engine.store, stage.clock.now())
        sums = await engine.store.sums(Asked(by=("provider",)))
    assert spent.runs == 3
    assert {each.of.provider for each in sums} == {"codex", "gemini", "claude"}
    assert sum(each.counts.runs for each in sums) == 3


async def test_one_that_could_never_run_is_refused_by_name(stage: Stage, tmp_path: Path) -> None:
    stage.settings = Settings(limits=Limits(running=1))
    up, go = tmp_path / "up", tmp_path / "go"
    async with stage.engine() as engine:
        above = await stage.accept(engine, f"touch {up}", f"until {go}")
        await until(up)
        params = BroadcastParams("say x", ("codex",), workdir=str(stage.workdir), env=CallerEnv(stage.env))
        asked, plan = await engine.composites.broadcast(params, frozenset())
        task = await engine.runs.accept(asked, Origin(kind="test", parent=above.new.run_id), {}, plan=plan)
        result = await finished(engine, task)
        go.touch()
    assert result.error is not None
    assert "could never start" in result.error.message


async def test_the_keys_of_all_members_are_asked_for_and_each_gets_its_own(stage: Stage) -> None:
    path = Path(stage.here.profiles)
    path.parent.mkdir(parents=True)
    own = (("mine", "codex", "MY_KEY"), ("yours", "claude", "YOUR_KEY"))
    tables = (f'[providers.{name}]\ncommand = "{command}"\nenv = ["{key}"]\n' for name, command, key in own)
    path.write_text("".join(tables))
    async with stage.engine() as engine:
        params = stage.ask("x")
        assert set(await engine.runs.secret_names(params, ("mine", "yours"))) >= {"MY_KEY", "YOUR_KEY"}
        secrets = {"MY_KEY": "m", "YOUR_KEY": "y"}
        task = await send(stage, engine, "say x", providers=("mine", "yours"), secrets=secrets)
        await finished(engine, task)
        turns = await engine.store.turns(task.new.run_id)
    assert [turn.new.env_names for turn in turns] == [("MY_KEY",), ("YOUR_KEY",)]


async def test_what_cannot_be_asked_is_refused_by_name(stage: Stage) -> None:
    async with stage.engine() as engine:
        for wrong in (
            {"providers": ("nobody",)},
            {"providers": ("auto",)},
            {"quorum": 4},
            {"quorum": 1, "all": True},
            {"sandbox": "write"},
        ):
            with pytest.raises(FaultError):
                await send(stage, engine, "say x", **wrong)
