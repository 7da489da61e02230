"""What cells came to: the share with its interval, and nothing of those that were not reached."""

from __future__ import annotations

import pytest
from modelmuxd.engine.benchmark.cells import Cell, Verdict, cells_of, verdict_of
from modelmuxd.engine.benchmark.suite import Exercise
from modelmuxd.engine.benchmark.tally import Done, lines_of, total, wilson
from modelmuxd.store.records import Attempt, NewTask, Task
from muxwire.faults import Fault
from muxwire.runs import Verified

BUG = Exercise(kind="bug", title="t", prompt="p", check=("true",), files={})
PROSE = Exercise(kind="prose", title="t", prompt="q", check=("true",), files={})


def done(seat: str, exercise: Exercise, verdict: Verdict, *, seconds: float = 5.0, micros: int | None = 1000) -> Done:
    new = NewTask(run_id="r", created_at=0.0, task="p")
    verified = Verified(command=("true",), exit_code=0, seconds=1.0)
    task = Task(new=new, state="success", started_at=1.0, ended_at=2.0 + seconds, verified=verified, cost_micros=micros)
    return Done(Cell(seat, exercise.kind, exercise, 1), task, verdict)


@pytest.mark.parametrize(
    ("good", "runs", "interval"),
    [
        # R: prop.test(good, runs, correct = FALSE)
        (15, 20, (0.531, 0.888)),
        (1, 1, (0.207, 1.0)),
        (0, 10, (0.0, 0.278)),
        (50, 100, (0.404, 0.596)),
    ],
)
def test_the_interval_is_wilsons(good: int, runs: int, interval: tuple[float, float]) -> None:
    assert wilson(good, runs) == interval


def test_each_agent_as_a_whole_and_then_by_kind() -> None:
    found = [
        done("codex", BUG, "passed", seconds=3.0),
        done("codex", BUG, "failed", seconds=5.0),
        done("codex", PROSE, "passed", seconds=9.0),
        done("claude", BUG, "unreached"),
        done("claude", PROSE, "passed", micros=None),
    ]
    lines = lines_of(found, ("codex", "claude"))
    assert [(one.provider, one.kind, one.passed, one.runs) for one in lines] == [
        ("codex", "", 2, 3),
        ("claude", "", 1, 1),
        ("codex", "bug", 1, 2),
        ("claude", "prose", 1, 1),
        ("codex", "prose", 1, 1),
    ]
    assert (lines[0].seconds, lines[0].cost.usd, lines[1].cost.usd) == (5.0, 0.003, None)


def test_an_unknown_cost_is_not_nothing() -> None:
    assert total([1, None]).usd is None
    assert total([]).usd == 0.0


def test_agents_take_turns_and_every_task_comes_before_any_comes_again() -> None:
    cells = cells_of({"a": BUG, "b": PROSE}, ("codex", "claude"), 2)
    assert [(one.repeat, one.name, one.seat) for one in cells][:5] == [
        (1, "a", "codex"),
        (1, "a", "claude"),
        (1, "b", "codex"),
        (1, "b", "claude"),
        (2, "a", "codex"),
    ]
    keys = {one.key(again) for one in cells for again in (0, 1)}
    assert len(keys) == 16


@pytest.mark.parametrize(
    ("state", "exit_code", "attempt", "verdict"),
    [
        ("success", 0, "success", "passed"),
        ("error", 1, "verify", "failed"),
        ("error", 127, "verify", "unreached"),
        ("error", None, "quota", "unreached"),
        ("timeout", None, "timeout", "failed"),
        ("timeout", None, "quota", "unreached"),
        ("canceled", None, "canceled", "unreached"),
        ("running", None, "running", None),
    ],
)
def test_only_what_was_checked_or_left_undone_is_a_verdict(
    state: str, exit_code: int | None, attempt: str, verdict: str | None
) -> None:
    verified = None if exit_code is None else Verified(command=("x",), exit_code=exit_code)
    task = Task(
        new=NewTask(run_id="r", created_at=0.0, task="p"),
        state=state,  # type: ignore[arg-type]
        ended_at=None if state == "running" else 2.0,
        fault=Fault(attempt, "") if exit_code is None else None,
        verified=verified,
    )
    attempts = [Attempt(run_id="r", number=1, provider="codex", account="codex", state=attempt)]
    assert verdict_of(task, attempts) == verdict


def test_what_was_never_begun_is_not_a_failure() -> None:
    task = Task(new=NewTask(run_id="r", created_at=0.0, task="p"), state="blocked", ended_at=1.0)
    assert verdict_of(task, []) == "unreached"
