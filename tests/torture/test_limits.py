"""A thousand tasks for three providers with limits of their own, and agents that fail: limits hold at every instant."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import anyio
import pytest
from engine.stage import Stage
from muxwire.settings.model import Limits
from torture.world import SEED

TASKS = int(os.environ.get("MODELMUX_TORTURE_TASKS", "200"))
"""The long form is 1000."""
PROVIDERS = {"codex": 2, "claude": 3, "gemini": 1}
FAULTS = ("fault overloaded 0.05", "fault transient", "exit 1", "fault rate_limit 0.2")

pytestmark = [pytest.mark.anyio, pytest.mark.torture, pytest.mark.timeout(60 + TASKS // 2)]


async def test_limits_hold_and_nobody_starves(tmp_path: Path) -> None:
    dice, journal = random.Random(SEED), tmp_path / "journal"
    stage = Stage(tmp_path, *PROVIDERS, limits=Limits(running=8, providers=PROVIDERS))
    async with stage.engine() as engine:
        runs = []
        for number in range(TASKS):
            provider = dice.choice([*PROVIDERS, "auto"])
            fails = dice.choice(FAULTS) if dice.random() < 0.1 else "say done"
            work = (_note(journal, "begin"), f"sleep 0.0{dice.randrange(4)}", _note(journal, "end"))
            task = await stage.accept(
                engine,
                *work,
                f"once {tmp_path}/{number}",
                fails,
                provider=provider,
                max_retries=3,
                failover=True,
                priority=dice.randrange(-2, 3),
            )
            runs.append(task.new.run_id)
        with anyio.fail_after(30 + TASKS / 4):
            tasks = await engine.runs.wait(runs, None)
    states = Counter(task.state for task in tasks)
    most = _most_at_once(journal)
    attempts = sum(task.attempts for task in tasks)
    print(f"limits: {TASKS} tasks, {attempts} attempts, {dict(states)}; at once at most {dict(most)}")
    assert states == {"success": TASKS}  # each fault was the first one of its task
    assert all(most[name] <= limit for name, limit in PROVIDERS.items())


async def test_order_is_by_priority_then_by_age(tmp_path: Path) -> None:
    dice, journal = random.Random(SEED), tmp_path / "journal"
    stage = Stage(tmp_path, limits=Limits(running=2, per_provider=1))
    async with stage.engine() as engine:
        await engine.line.pause("", "test")
        asked = []
        for number in range(40):
            priority = dice.choice([-100, 0, 100])  # a point is a minute: what is a moment older does not pass by
            task = await stage.accept(engine, f"sh echo {number} >>{journal}", priority=priority)
            asked.append((-priority, number, task.new.run_id))
        await engine.line.resume("")
        await engine.runs.wait([run for _, _, run in asked], 60)
    assert list(map(int, journal.read_text().split())) == [number for _, number, _ in sorted(asked)]


def _note(journal: Path, word: str) -> str:
    """One line in one write, so that the order of lines is the order in which things happened."""
    return f"note {word} {journal}"


def _most_at_once(journal: Path) -> Counter[str]:
    """How many of each provider's agents were between begin and end at any one time."""
    now, most = Counter[str](), Counter[str]()
    for line in journal.read_text().splitlines():
        word, name = line.split()
        now[name] += 1 if word == "begin" else -1
        most[name] = max(most[name], now[name])
    assert set(now.values()) == {0}
    return most
