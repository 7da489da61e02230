"""A benchmark's cells: one agent, one task, once. Each is an ordinary run; its key is how it is found again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from muxwire.runs import CallerEnv, DispatchParams

from modelmuxd.domain.trial import Trial
from modelmuxd.engine.benchmark.suite import Exercise
from modelmuxd.engine.signals import FAILED, passed
from modelmuxd.store.records import Attempt, Task

KIND = "benchmark"
"""Of the origin of such runs."""
PRIORITY = -10
"""Others go first."""
WAIT = 3600
"""Seconds besides its own time after which a cell that waits for a slot or a limit is given up."""

Verdict = Literal["passed", "failed", "unreached"]


class Cell(msgspec.Struct, frozen=True):
    seat: str
    """A provider, or `provider/model`."""
    name: str
    exercise: Exercise
    repeat: int
    """From 1."""

    def key(self, again: int) -> str:
        """`again`: how often it was asked before in vain. No word of where or when: whoever asks the same later finds
        it."""
        return f"{KIND}/{self.exercise.digest}/{self.seat}/{self.repeat}" + (f"/{again}" if again else "")


def cells_of(suite: Mapping[str, Exercise], seats: Sequence[str], repeats: int) -> list[Cell]:
    """Agents by turns, so that all their slots are used; every task once before any comes again."""
    return [
        Cell(seat, name, exercise, repeat)
        for repeat in range(1, repeats + 1)
        for name, exercise in suite.items()
        for seat in seats
    ]


def asked(cell: Cell, key: str, workdir: str, env: CallerEnv) -> DispatchParams:
    return DispatchParams(
        task=cell.exercise.prompt,
        provider=cell.seat,
        sandbox="write",
        workdir=workdir,
        timeout=cell.exercise.timeout,
        max_retries=2,
        failover=False,
        priority=PRIORITY,
        deadline=float(WAIT + 2 * cell.exercise.timeout),
        worktree=True,
        idempotency_key=key,
        env=env,
    )


def trial_of(cell: Cell, *, python: str, hidden: str) -> Trial:
    words = {"{python}": python, "{hidden}": hidden}
    return Trial(
        name=cell.name,
        kind=cell.exercise.kind,
        check=tuple(_filled(word, words) for word in cell.exercise.check),
        timeout=cell.exercise.check_timeout,
    )


def _filled(word: str, words: Mapping[str, str]) -> str:
    for name, value in words.items():
        word = word.replace(name, value)
    return word


def verdict_of(task: Task, attempts: Sequence[Attempt]) -> Verdict | None:
    """None while it has not ended. An agent that could not be asked has not failed."""
    if task.ended_at is None:
        return None
    if task.verified is not None:
        good = passed(task.verified)
        return "unreached" if good is None else "passed" if good else "failed"
    return "failed" if attempts and attempts[-1].state in FAILED else "unreached"
