"""A dispatch from acceptance to its end, with real processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import scripted
from engine.stage import Stage, alive, ended, until
from modelmuxd.policy.rules import Policy
from modelmuxd.policy.state import PolicyState
from muxwire import events as wire
from muxwire.faults import NO_PROVIDER, POLICY, USAGE, FaultError
from muxwire.settings.model import Limits

pytestmark = pytest.mark.anyio


async def test_the_answer_is_byte_exact_and_the_canonical_result_complete(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        result = await stage.run(engine, "session s-1", "say def f(x):\\n", "say     return x\\n")
    assert result.status == "success"
    assert result.output == "def f(x):\n    return x\n"
    assert (result.provider, result.session_id, result.routed_from) == ("codex", "s-1", "auto")
    assert result.token_usage is not None
    assert result.token_usage.total_tokens == 5
    assert result.sandbox_enforced == "permission"
    assert result.error is None
    assert result.duration_seconds > 0


async def test_events_come_in_order_without_gaps(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        task = await stage.accept(engine, "session s", "say one", "tool shell", "say two")
        seen = [event async for event in engine.runs.watch(task.new.run_id)]
        again = [event async for event in engine.runs.watch(task.new.run_id, since=2)]
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
    assert [event.seq for event in again] == list(range(3, len(seen) + 1))
    assert isinstance(seen[-1], wire.Ended)
    assert seen[-1].result.output == "onetwo"
    kinds = [type(event).__name__ for event in seen]
    assert kinds.index("AttemptStarted") < kinds.index("SessionStarted") < kinds.index("Text") < kinds.index("ToolUsed")


async def test_a_failure_is_a_failure(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        result = await stage.run(engine, "say half an answer", "exit 3")
    assert result.status == "error"
    assert result.error is not None
    assert result.error.code == "crashed"
    assert result.output == "half an answer"


async def test_exit_0_without_the_terminal_event_is_no_success(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        assert (await stage.run(engine, "say x", "exit 0")).status == "error"


async def test_a_rate_limit_fails_over_and_says_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    scripted.install(stage.bin, "codex", "emit('fault', 'rate_limit'); sys.exit(1)")
    async with stage.engine() as engine:
        result = await stage.run(engine, "say from the other")
    assert (result.status, result.provider, result.failover_from) == ("success", "claude", "codex")
    assert result.attempts == 2
    assert result.output == "from the other"


async def test_without_failover_the_fault_stands(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        result = await stage.run(engine, "fault auth", "exit 1", provider="codex")
    assert result.error is not None
    assert (result.status, result.error.code, result.attempts) == ("error", "auth", 1)


async def test_a_retry_waits_and_then_succeeds(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    marker = str(tmp_path / "second")
    scripted.install(
        stage.bin,
        "codex",
        f"if not os.path.exists({marker!r}):\n"
        f"    open({marker!r}, 'w').close(); emit('fault', 'transient 0.05'); sys.exit(1)",
    )
    async with stage.engine() as engine:
        result = await stage.run(engine, "say at last", provider="codex", max_retries=2)
        detail = await engine.runs.detail(await engine.runs.find(result.run_id))
    assert (result.status, result.output, result.attempts) == ("success", "at last", 2)
    assert [one.state for one in detail.attempts] == ["transient", "success"]
    assert "retry" in [one.kind for one in detail.decisions]


async def test_a_timeout_ends_the_tree_and_keeps_what_came(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    pidfile = tmp_path / "child"
    async with stage.engine() as engine:
        result = await stage.run(engine, "say so far", f"child {pidfile}", "sleep 60", timeout=1)
    assert result.status == "timeout"
    assert result.output == "so far"
    assert not alive(int(pidfile.read_text()))


async def test_a_normal_end_leaves_no_process_behind(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    pidfile = tmp_path / "child"
    async with stage.engine() as engine:
        assert (await stage.run(engine, f"child {pidfile}")).status == "success"
    assert not alive(int(pidfile.read_text()))


async def test_cancel_ends_the_tree_and_keeps_what_came(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    pidfile = tmp_path / "child"
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say so far", f"child {pidfile}", "sleep 60")
        await until(pidfile)
        await engine.runs.cancel(task.new.run_id, "test")
        result = await ended(engine, task)
    assert (result.status, result.output) == ("canceled", "so far")
    assert not alive(int(pidfile.read_text()))


async def test_cancel_in_the_queue_ends_it_at_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(running=1, per_provider=1))
    async with stage.engine() as engine:
        first = await stage.accept(engine, f"until {tmp_path / 'go'}")
        second = await stage.accept(engine, "say never")
        await engine.runs.cancel(second.new.run_id, "test")
        assert (await ended(engine, second)).status == "canceled"
        (tmp_path / "go").touch()
        assert (await ended(engine, first)).status == "success"


async def test_a_full_house_waits_with_its_reason(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(running=8, per_provider=1))
    async with stage.engine() as engine:
        first = await stage.accept(engine, f"until {tmp_path / 'go'}")
        second = await stage.accept(engine, "say now")
        async for event in engine.runs.watch(second.new.run_id):
            if isinstance(event, wire.StateChanged) and event.state == "waiting":
                assert (event.reason, event.text) == ("slots", "slots: codex has 1 of 1 running")
                (tmp_path / "go").touch()
        assert (await ended(engine, first)).status == "success"
        assert (await ended(engine, second)).output == "now"


async def test_priority_goes_before_age(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(running=1, per_provider=1))
    async with stage.engine() as engine:
        await stage.accept(engine, f"until {tmp_path / 'go'}")
        low = await stage.accept(engine, "say low", priority=0)
        high = await stage.accept(engine, "say high", priority=5)
        (tmp_path / "go").touch()
        await engine.runs.wait([low.new.run_id, high.new.run_id], 20)
        first, second = [await engine.runs.find(task.new.run_id) for task in (high, low)]
    assert first.ended_at is not None
    assert second.started_at is not None
    assert first.ended_at <= second.started_at


async def test_nobody_can_take_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        (stage.bin / "codex").unlink()
        result = await stage.run(engine, "say x")
    assert result.error is not None
    assert (result.status, result.error.code) == ("error", NO_PROVIDER)
    assert "codex" in result.error.message


@pytest.mark.parametrize(
    ("more", "near"),
    [({"provider": "codx"}, "codex"), ({"profile": "nope"}, "profile"), ({"workdir": "/no/such"}, "/no/such")],
)
async def test_wrong_names_are_refused_before_anything_is_stored(
    tmp_path: Path, more: dict[str, Any], near: str
) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        with pytest.raises(FaultError) as refused:
            await stage.accept(engine, "say x", **more)
        assert await engine.runs.unfinished() == []
    assert refused.value.fault.code == USAGE
    assert near in refused.value.fault.message


async def test_a_policy_that_refuses_is_recorded_as_blocked(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.policy = PolicyState("P", Policy(blocked_sandboxes=("read-only",)))
    async with stage.engine() as engine:
        result = await stage.run(engine, f"touch {tmp_path / 'ran'}")
    assert result.error is not None
    assert (result.status, result.error.code) == ("blocked", POLICY)
    assert not (tmp_path / "ran").exists()


async def test_the_agent_has_its_callers_environment_and_its_own_secrets_only(tmp_path: Path) -> None:
    stage = Stage(tmp_path, secrets=("ITS_KEY",))
    secrets = {"ITS_KEY": "its-value", "OTHER_KEY": "other-value"}
    script = [f"env {name}" for name in ("HOME", "ITS_KEY", "OTHER_KEY", "PYTEST_CURRENT_TEST", "SCRUBBED")]
    async with stage.engine() as engine:
        result = await stage.run(engine, *script, secrets=secrets)
    assert result.output == f"{tmp_path}its-value<unset><unset><unset>"
    stored = b"".join(path.read_bytes() for path in Path(stage.here.state).glob("modelmux.db*"))
    assert b"ITS_KEY" in stored
    assert b"other-value" not in stored
    assert not any(
        b"its-value" in path.read_bytes()
        for path in Path(stage.here.state).rglob("*")
        if path.is_file() and path.name not in ("out", "answer") and "modelmux.db" not in path.name
    )


async def test_a_complaint_that_echoes_a_secret_is_kept_without_it(tmp_path: Path) -> None:
    """Whatever the key looks like: only its own run knows it."""
    stage = Stage(tmp_path, secrets=("ITS_KEY",))
    async with stage.engine() as engine:
        result = await stage.run(engine, "fault bad-pass-phrase", "exit 1", secrets={"ITS_KEY": "pass-phrase"})
        said = [event async for event in engine.runs.watch(result.run_id)]
    assert result.error is not None
    assert result.error.message == "the script says bad-[redacted]"
    assert "the script says bad-[redacted]" in [event.text for event in said if isinstance(event, wire.Notice)]
    async with stage.engine() as engine:
        short = await stage.run(engine, "fault bad", "exit 1", secrets={"ITS_KEY": "a"})
    assert short.error is not None
    assert short.error.message == "the script says bad"


async def test_the_same_idempotency_key_is_the_same_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        first = await stage.run(engine, "say once", idempotency_key="k")
        again = await stage.run(engine, "say once", idempotency_key="k", cancel_on_hangup=True)
        with pytest.raises(FaultError):
            await stage.accept(engine, "say something else", idempotency_key="k")
    assert first.run_id == again.run_id


async def test_too_much_output_ends_the_run_and_keeps_what_came(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(output="1 MiB"))
    async with stage.engine() as engine:
        result = await stage.run(engine, "flood 3000")
        whole = await engine.runs.find(result.run_id)
    assert result.status == "error"
    assert result.error is not None
    assert result.error.code == "output_limit"
    assert 500_000 < whole.output_size < 1_200_000
    assert result.output == "x" * whole.output_size


async def test_a_broken_reader_ends_the_run_and_the_agent(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    pidfile = tmp_path / "child"
    scripted.install(stage.bin, "codex", "print('no json', flush=True)")
    async with stage.engine() as engine:
        result = await stage.run(engine, f"child {pidfile}", "sleep 60", provider="codex")
    assert result.error is not None
    assert (result.status, result.error.code) == ("error", "internal")
    assert not pidfile.exists() or not alive(int(pidfile.read_text()))
