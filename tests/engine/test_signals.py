"""What routing is told: of each end, with it, and of what its user then does. A signal that lies is worse than none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from engine.repository import Repository
from engine.stage import Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.knowledge import Judged, Measured, Reached, Signal
from modelmuxd.domain.trial import Trial
from modelmuxd.engine.signals import of_end
from modelmuxd.store.records import Attempt, NewTask, Settle, Task
from muxwire.faults import Fault
from muxwire.runs import Changes, Origin, RetryParams, Verified

pytestmark = pytest.mark.anyio

ATTEMPT = Attempt(run_id="r", number=1, provider="codex", account="codex", started_at=10.0)
TRIAL = Trial(name="t", kind="bug", check=("true",), timeout=9)


def told(fault: str = "", *, exit_code: int | None = -1, trial: Trial | None = None, **ended: object) -> list[object]:
    """Short: availability as a word, a judgement as (source, value, weight)."""
    fields: dict[str, object] = {"output": "x", "output_size": 1, **ended}
    if exit_code != -1:
        fields["verified"] = Verified(command=("true",), exit_code=exit_code, seconds=1.0)
    end = Settle(
        run_id="r",
        number=1,
        epoch=1,
        attempt_state=fault or "success",
        fault=Fault(fault, "") if fault else None,
        **fields,  # type: ignore[arg-type]
    )
    task = Task(new=NewTask(run_id="r", created_at=1.0, task="x", trial=trial), state="running")
    return [short(one) for one in of_end(end, task, ATTEMPT, (), 15.0)]


def short(signal: Signal) -> object:
    match signal:
        case Reached(fault=fault):
            return fault or "reached"
        case Measured(seconds=seconds):
            return seconds
        case Judged(source=source, value=value, weight=weight):
            return (source, value, weight)
        case other:
            return other


@pytest.mark.parametrize(
    ("fault", "exit_code", "signals"),
    [
        ("", -1, ["reached", 5.0]),
        ("", 0, ["reached", 4.0, ("verify", 1.0, 1.0)]),
        ("verify", 1, ["reached", 4.0, ("verify", 0.0, 1.0)]),
        ("verify", None, ["reached", 4.0]),
        ("verify", 127, ["reached", 4.0]),
        ("timeout", -1, ["reached", ("outcome", 0.0, 1.0)]),
        ("refused", -1, ["reached", ("outcome", 0.0, 1.0)]),
        ("output_limit", -1, ["reached", ("outcome", 0.0, 1.0)]),
        *[(code, -1, [code]) for code in ("quota", "rate_limit", "auth", "overloaded", "transient", "crashed")],
        *[(code, -1, []) for code in ("canceled", "lost", "invalid_request", "needs_input", "worktree")],
    ],
)
async def test_the_work_and_the_way_to_it_are_told_apart(
    fault: str, exit_code: int | None, signals: list[object]
) -> None:
    assert told(fault, exit_code=exit_code) == signals


async def test_an_empty_answer_is_a_failure_unless_files_were_changed() -> None:
    empty: dict[str, Any] = {"output": " \n", "output_size": 0}
    assert told(**empty)[-1] == ("outcome", 0.0, 0.7)
    assert told(**empty, changes=Changes(0, 0, 0))[-1] == ("outcome", 0.0, 0.7)
    assert told(**empty, changes=Changes(1, 1, 0)) == ["reached", 5.0]


async def test_a_benchmarks_check_teaches_as_a_benchmark() -> None:
    assert told(exit_code=0, trial=TRIAL)[-1] == ("benchmark", 1.0, 1.0)
    assert told("verify", exit_code=1, trial=TRIAL)[-1] == ("benchmark", 0.0, 1.0)
    assert told("timeout", trial=TRIAL)[-1] == ("benchmark", 0.0, 1.0)
    assert told("quota", trial=TRIAL) == ["quota"]


async def heard(engine: Engine) -> list[Signal]:
    return [signal for _, signal in await engine.store.signals(0, 100)]


async def test_each_attempt_of_a_run_that_failed_over_teaches_of_its_own_agent(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        await stage.run(engine, f"once {tmp_path / 'second'}", "fault quota 9999", "exit 1", failover=True)
        one, *others = await heard(engine)
    assert one == Reached(at=one.at, agent="codex", fault="quota", run_id=one.run_id)  # type: ignore[union-attr]
    assert [type(other) for other in others[:2]] == [Reached, Measured]
    assert {getattr(other, "agent", "") for other in others} == {"claude"}


async def test_a_retry_at_the_same_agent_is_counted_with_what_it_took(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        run = await stage.run(
            engine, f"once {tmp_path / 'second'}", "fault transient 0.01", "exit 1", max_retries=2, timeout=60
        )
        signals = await heard(engine)
    (measured,) = [one for one in signals if isinstance(one, Measured)]
    assert (run.attempts, measured.retries) == (2, 1)
    assert [one.fault for one in signals if isinstance(one, Reached)] == ["transient", ""]


async def test_the_first_byte_is_measured(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        await stage.run(engine, "say x", "sleep 0.3", "say y")
        (measured,) = [one for one in await heard(engine) if isinstance(one, Measured)]
    assert measured.first_byte is not None
    assert 0 < measured.first_byte < measured.seconds - 0.25


@pytest.mark.parametrize(("verb", "judged"), [("apply", ("apply", 1.0, 0.6)), ("discard", ("discard", 0.1, 0.5))])
async def test_what_becomes_of_the_changes_is_a_judgement(
    tmp_path: Path, verb: str, judged: tuple[str, float, float]
) -> None:
    stage = Stage(tmp_path)
    Repository(stage.workdir)
    async with stage.engine() as engine:
        run = await stage.run(engine, "sh echo 4 >>a.txt", "say done", sandbox="write", worktree=True)
        task = await engine.runs.find(run.run_id)
        await (engine.worktrees.apply if verb == "apply" else engine.worktrees.discard)(task)
        told = (await heard(engine))[-1]
    assert short(told) == judged
    assert (told.agent, told.run_id) == ("codex", run.run_id)  # type: ignore[union-attr]


async def test_repeating_what_ended_well_says_that_it_was_not_enough(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        good = await stage.run(engine, "say x")
        bad = await stage.run(engine, "exit 1")
        before = len(await heard(engine))
        for old in (good, bad):
            asked, task = await engine.runs.again(RetryParams(run_id=old.run_id))
            new = await engine.runs.accept(asked, Origin(kind="test"), {}, retry_of=task.new.run_id)
            with anyio.fail_after(20):
                await engine.runs.wait([new.new.run_id], None)
        later = (await heard(engine))[before:]
    judged = [one for one in later if isinstance(one, Judged) and one.source == "retry"]
    assert [(one.run_id, one.value) for one in judged] == [(good.run_id, 0.2)]
