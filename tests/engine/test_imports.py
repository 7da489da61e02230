"""What modelmux 0.29 kept is taken over once, in whatever state its files are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from engine.stage import Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.bucket import Asked
from modelmuxd.engine.imports.lines import LONGEST
from muxwire.faults import FaultError
from muxwire.imports import ImportedFile, ImportParams

pytestmark = pytest.mark.anyio

AT = 1_750_000_000.0
DISPATCH = {
    "run_id": "aabbccdd",
    "provider": "codex",
    "status": "success",
    "summary": "done",
    "output": "修好了",
    "session_id": "s-1",
    "duration_seconds": 2.5,
    "token_usage": {"input_tokens": 1200, "output_tokens": 340, "total_tokens": 1540},
    "ts": AT,
    "source": "cli-dispatch",
    "task": "fix the parser",
}
BROADCAST = {
    "broadcast": True,
    "providers": ["codex", "claude"],
    "results": [
        {"run_id": "1", "provider": "codex", "status": "success", "output": "a", "duration_seconds": 1.0},
        {"run_id": "2", "provider": "claude", "status": "error", "error": "no login", "duration_seconds": 2.0},
    ],
    "ts": AT + 60,
    "source": "broadcast",
    "task": "compare",
}
RATING = {"ts": AT + 90, "run_id": "aabbccdd", "provider": "codex", "rating": 4, "category": "debugging"}
AUDIT = {
    "timestamp": "2025-06-15T15:06:41+00:00",
    "provider": "codex",
    "task_summary": "fix the parser",
    "status": "success",
    "duration_seconds": 2.5,
    "caller": "claude",
    "sandbox": "write",
}


def write(folder: Path, name: str, *lines: object) -> None:
    folder.mkdir(exist_ok=True)
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    (folder / name).write_bytes(b"\n".join(raw) + b"\n")


async def take(engine: Engine, folder: Path, *, dry_run: bool = False) -> dict[str, ImportedFile]:
    result = await engine.imports.run(ImportParams(version="0.29", folder=str(folder), dry_run=dry_run))
    return {one.name: one for one in result.files}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    write(folder, "history.jsonl", DISPATCH, BROADCAST)
    write(folder, "feedback.jsonl", RATING)
    write(folder, "audit.jsonl", AUDIT)
    return folder


async def test_runs_come_with_what_they_cost_and_where_they_are_from(tmp_path: Path, old: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        await take(engine, old)
        run = next(task for task in await engine.store.recent(9) if task.new.task == "fix the parser")
        (attempt,) = await engine.store.attempts(run.new.run_id)
        kinds = [(one.kind, one.text) for _, one in await engine.store.decisions(run.new.run_id)]
    assert (run.provider, run.state, run.output, run.ended_at, run.started_at) == (
        "codex",
        "success",
        "修好了",
        AT,
        AT - 2.5,
    )
    assert run.usage == attempt.usage
    assert run.usage is not None
    assert (run.usage.input, run.usage.output, run.cost_micros) == (1200, 340, None)
    assert kinds == [
        ("import", "taken over from modelmux 0.29, where it was aabbccdd"),
        ("audit", "asked by claude, with the sandbox write: success"),
    ]


async def test_what_several_did_counts_for_each_of_them(tmp_path: Path, old: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        await take(engine, old)
        (whole,) = [task for task in await engine.store.recent(9) if task.new.plan]
        turns = await engine.store.turns(whole.new.run_id)
        sums = await engine.store.sums(Asked(by=("provider",)))
    assert [(turn.new.step, turn.provider, turn.state) for turn in turns] == [
        ("codex", "codex", "success"),
        ("claude", "claude", "error"),
    ]
    assert {one.of.provider: (one.counts.runs, one.counts.input) for one in sums} == {
        "codex": (2, 1200),
        "claude": (1, 0),
    }


async def test_a_rating_finds_its_run(tmp_path: Path, old: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        told = await take(engine, old)
        (line,) = await engine.feedback.list()
        run = await engine.store.find(line.run_id)
    assert (run.new.task, line.rating, told["feedback.jsonl"].unmatched) == ("fix the parser", 4, 0)


async def test_a_second_time_adds_nothing(tmp_path: Path, old: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        first = await take(engine, old)
        before = await engine.store.sums(Asked(by=("provider", "status")))
        second = await take(engine, old)
        after = await engine.store.sums(Asked(by=("provider", "status")))
        runs = await engine.store.recent(99)
    assert (first["history.jsonl"].taken, first["audit.jsonl"].taken, first["feedback.jsonl"].taken) == (2, 1, 1)
    assert [(one.taken, one.known) for one in second.values() if not one.missing] == [(0, 2), (0, 1), (0, 1)]
    assert before == after
    assert len(runs) == 4


async def test_a_look_takes_nothing(tmp_path: Path, old: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        told = await take(engine, old, dry_run=True)
        runs = await engine.store.recent(9)
    assert (told["history.jsonl"].taken, runs) == (2, [])


async def test_what_is_damaged_is_counted_and_the_rest_is_taken(tmp_path: Path) -> None:
    old = tmp_path / "old"
    lines: list[object] = [
        DISPATCH,
        b'{"run_id": "torn", "ts": 17',
        b'{"task": "\xff\xfe", "ts": 1750000000}',
        b'["an", "array"]',
        {**DISPATCH, "ts": "yesterday"},
        {**DISPATCH, "ts": None},
        b"[" * 100_000,
        b'{"ts": 1750000000, "task": "' + b"x" * (LONGEST + 2_000_000) + b'"}',
        {**DISPATCH, "run_id": "last", "ts": AT + 7},
        b"{",
    ]
    write(old, "history.jsonl", *lines)
    async with Stage(tmp_path).engine() as engine:
        told = (await take(engine, old))["history.jsonl"]
        runs = await engine.store.recent(9)
    assert (told.taken, told.damaged, told.too_long, told.first_damaged) == (2, 7, 1, 2)
    assert len(runs) == 2


async def test_calls_that_history_has_lost_are_found_in_the_audit(tmp_path: Path) -> None:
    old = tmp_path / "old"
    write(old, "audit.jsonl", {**AUDIT, "status": "blocked", "error": "Policy denied: full", "sandbox": "full"})
    async with Stage(tmp_path).engine() as engine:
        await take(engine, old)
        (run,) = await engine.store.recent(9)
    assert (run.state, run.new.origin.caller, run.new.sandbox, run.attempts) == ("blocked", "claude", "full", 0)
    assert run.fault is not None
    assert run.fault.message == "Policy denied: full"


async def test_benchmarks_and_remote_tasks_come_along(tmp_path: Path) -> None:
    old = tmp_path / "old"
    write(old, "a2a-tasks.jsonl", {
        "task_id": "t-1", "state": "completed", "created_at": AT, "updated_at": AT + 9, "result": {"final_output": "ok"}
    })  # fmt: skip
    measured = {"provider": "codex", "task_name": "sort", "status": "success", "keyword_hits": 1, "keyword_total": 4}
    write(old, "benchmark.json", {"timestamp": AT, "results": [measured]})
    async with Stage(tmp_path).engine() as engine:
        await take(engine, old)
        (run,) = await engine.store.recent(9)
        ((_, signal),) = await engine.store.signals(0, 9)
    assert (run.state, run.output, run.new.origin.kind) == ("success", "ok", "a2a")
    assert (getattr(signal, "value", None), getattr(signal, "source", None)) == (0.25, "benchmark")


async def test_a_policy_of_ours_stays(tmp_path: Path) -> None:
    old = tmp_path / "old"
    write(old, "policy.json", {"blocked_providers": ["codex"]})
    async with Stage(tmp_path).engine() as engine:
        first = await take(engine, old)
        write(old, "policy.json", {"blocked_providers": []})
        second = await take(engine, old)
    assert first["policy.json"].taken == 1
    assert second["policy.json"].fault is not None
    assert second["policy.json"].fault.code == "conflict"


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with Stage(tmp_path).engine() as engine:
        with pytest.raises(FaultError) as caught:
            await take(engine, tmp_path / "nowhere")
    assert "--from" in caught.value.fault.hint
