"""What composites cost beyond their agents: turns that no agent is run for, since the policy refuses whom they name;
and a hundred long answers in one broadcast.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter, process_time

import anyio
import psutil
from bench.measure import table
from engine.stage import Stage
from modelmuxd.domain.plans import Broadcast, Member, PlannedStep, Workflow
from modelmuxd.policy.rules import Policy
from modelmuxd.policy.state import PolicyState
from muxwire.runs import Origin

STEPS = 500
MEMBERS = 100


def a_step(number: int, *needs: int) -> PlannedStep:
    return PlannedStep(
        name=f"s{number}",
        task="x",
        provider="claude",
        timeout=9,
        needs=tuple(f"s{one}" for one in needs),
        on_fail="continue",
    )


SHAPES = {
    "a chain": [a_step(n, *([n - 1] if n else [])) for n in range(STEPS)],
    "a tree": [a_step(n, *([(n - 1) // 2] if n else [])) for n in range(STEPS)],
    "all at once": [a_step(n) for n in range(STEPS)],
}


async def steps(name: str, folder: Path) -> tuple[str, str, str]:
    stage = Stage(folder, "codex", "claude")
    stage.policy = PolicyState("policy.json", Policy(blocked_providers=("claude",)))
    async with stage.engine() as engine:
        began, spent = perf_counter(), process_time()
        plan = Workflow(name="w", steps=tuple(SHAPES[name]))
        task = await engine.runs.accept(stage.ask("x", timeout=None), Origin(kind="bench"), {}, plan=plan)
        (after,) = await engine.runs.wait([task.new.run_id], 120)
        took, spent = perf_counter() - began, process_time() - spent
        assert len(await engine.store.turns(after.new.run_id)) == STEPS
    each = f"{took / STEPS * 1000:.2f} ms a turn, {spent / STEPS * 1000:.2f} ms of processor"
    return f"{STEPS} steps, {name}", f"{took:.2f} s; {each}", "<= 1 s; <= 3 ms a turn"


async def answers(folder: Path) -> tuple[str, str, str]:
    stage = Stage(folder, "codex")
    names = tuple(f"codex#{number}" for number in range(MEMBERS))
    plan = Broadcast(members=tuple(Member(name=name, provider="codex") for name in names), timeout=60, compare=True)
    async with stage.engine() as engine:
        before = psutil.Process().memory_info().rss
        task = await engine.runs.accept(stage.ask("flood 1000", timeout=None), Origin(kind="bench"), {}, plan=plan)
        (after,) = await engine.runs.wait([task.new.run_id], 300)
        grown = psutil.Process().memory_info().rss - before
        began = perf_counter()
        result = await engine.composites.broadcast_result(after)
        told = psutil.Process().memory_info().rss - before
    assert result.summary.success == MEMBERS
    took = f"result compared in {perf_counter() - began:.1f} s, in all {told >> 20} MiB"
    return f"{MEMBERS} members x 1 MB", f"grows by {grown >> 20} MiB; {took}", "bounded"


def main() -> None:
    rows = []
    for name in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(anyio.run(steps, name, Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        rows.append(anyio.run(answers, Path(folder)))
    table(rows)


if __name__ == "__main__":
    main()
