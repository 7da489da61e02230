"""Limits, failing accounts and pauses hold for everybody, and end when they end."""

from __future__ import annotations

from pathlib import Path

import pytest
import scripted
from engine.stage import HandClock, Stage, ended, waits
from muxwire import events as wire
from muxwire.faults import FaultError
from muxwire.settings.model import Limits

pytestmark = pytest.mark.anyio


def limited_once(stage: Stage, name: str, fault: str) -> None:
    """An agent that meets a limit the first time, and does its script from then on."""
    met = str(stage.root / f"{name}-met")
    first = f"if not os.path.exists({met!r}): open({met!r}, 'w').close(); emit('fault', {fault!r}); sys.exit(1)"
    scripted.install(stage.bin, name, first)


async def test_a_cooldown_holds_for_the_next_clients_run_as_well(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude", clock=HandClock())
    limited_once(stage, "codex", "rate_limit 600")
    async with stage.engine() as engine:
        first = await stage.run(engine, "say a")
        second = await stage.run(engine, "say b")
        named = await stage.run(engine, "say c", provider="codex", failover=True)
    assert (first.provider, first.attempts, first.failover_from) == ("claude", 2, "codex")
    assert (second.provider, second.attempts) == ("claude", 1)
    assert (named.provider, named.attempts, named.failover_from) == ("claude", 1, "codex")


async def test_a_run_that_cannot_fail_over_parks_until_the_reset_and_goes_on(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, clock=clock)
    limited_once(stage, "codex", "quota 3600")
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say at last", provider="codex")
        parked = await waits(engine, task, "quota")
        assert parked.not_before == clock.now() + 3600
        assert parked.waiting_for.startswith("quota until ")
        assert parked.waiting_for.endswith(": codex")
        (account,) = engine.line.show().accounts
        assert (account.account, account.cooldown_kind) == ("codex", "quota")
        await clock.advance(3599)
        assert (await engine.runs.find(task.new.run_id)).attempts == 1
        await clock.advance(1)
        result = await ended(engine, task)
    assert (result.status, result.output, result.attempts) == ("success", "at last", 2)


async def test_a_parked_run_is_parked_under_the_next_daemon_too(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, clock=clock)
    limited_once(stage, "codex", "quota 3600")
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say at last", provider="codex")
        await waits(engine, task, "quota")
    async with stage.engine() as engine:
        other = await stage.accept(engine, "say too", provider="codex")
        assert (await waits(engine, other, "quota")).attempts == 0
        await clock.advance(3600)
        assert (await ended(engine, task)).output == "at last"
        assert (await ended(engine, other)).output == "too"


async def test_a_session_waits_for_its_provider_instead_of_failing_over(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, "codex", "claude", clock=clock)
    limited_once(stage, "codex", "rate_limit 60")
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say on", provider="codex", session_id="s-1", failover=True)
        await waits(engine, task, "cooldown")
        await clock.advance(60)
        result = await ended(engine, task)
    assert (result.status, result.provider, result.failover_from) == ("success", "codex", None)


async def test_a_limit_that_outlasts_the_deadline_ends_the_run_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, clock=HandClock())
    limited_once(stage, "codex", "quota 3600")
    async with stage.engine() as engine:
        result = await stage.run(engine, "say x", provider="codex", deadline=600)
    assert result.error is not None
    assert (result.status, result.error.code) == ("error", "quota")


async def test_a_user_who_knows_better_clears_a_cooldown(tmp_path: Path) -> None:
    stage = Stage(tmp_path, clock=HandClock())
    limited_once(stage, "codex", "quota 360000")
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say now", provider="codex")
        await waits(engine, task, "quota")
        await engine.line.resume("codex")
        assert (await ended(engine, task)).output == "now"


async def test_the_circuit_opens_after_five_failures_and_one_run_probes_it(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, clock=clock)
    broken, go = tmp_path / "broken", tmp_path / "go"
    broken.touch()
    first = f"if os.path.exists({str(broken)!r}): emit('fault', 'transient'); sys.exit(1)"
    scripted.install(stage.bin, "codex", first)
    async with stage.engine() as engine:
        for _ in range(5):
            assert (await stage.run(engine, "say x", provider="codex")).status == "error"
        probe = await stage.accept(engine, f"until {go}", "say well again", provider="codex")
        await clock.advance(1)
        other = await stage.accept(engine, "say me too", provider="codex")
        held = await waits(engine, probe, "cooldown")
        await waits(engine, other, "cooldown")
        assert "codex failed 5 times in a row" in held.waiting_for
        assert held.not_before is not None
        broken.unlink()
        await clock.advance(held.not_before - clock.now())
        async for event in engine.runs.watch(probe.new.run_id):
            if isinstance(event, wire.AttemptStarted):
                break
        behind = await waits(engine, other, "cooldown")
        assert behind.attempts == 0
        go.touch()
        assert (await ended(engine, probe)).output == "well again"
        assert (await ended(engine, other)).output == "me too"
        assert engine.accounts.known["codex"].circuit(clock.now()) == "closed"


async def test_a_paused_provider_waits_and_the_others_work(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        await engine.line.pause("codex", "me")
        task = await stage.accept(engine, "say later", provider="codex")
        held = await waits(engine, task, "paused")
        assert held.waiting_for == "paused: codex, by me; `muxctl queue resume -p codex` goes on"
        assert (await stage.run(engine, "say now")).provider == "claude"
        await engine.line.resume("codex")
        assert (await ended(engine, task)).output == "later"
        with pytest.raises(FaultError, match="codx"):
            await engine.line.pause("codx", "me")


async def test_a_paused_queue_starts_nothing_under_the_next_daemon_either(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(running=2))
    async with stage.engine() as engine:
        await engine.line.pause("", "me")
        task = await stage.accept(engine, "say later")
        await waits(engine, task, "paused")
    async with stage.engine() as engine:
        assert [one.by for one in engine.line.show().paused] == ["me"]
        await engine.line.resume("")
        assert (await ended(engine, task)).output == "later"
