"""What happens in a demo, act by act."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import TypeVar

import msgspec
from muxwire.broadcast import BroadcastResult
from muxwire.faults import INTERNAL, NO_PROVIDER, Fault, FaultError, refuse
from muxwire.runs import RunResult

from muxclients.demo.stage import STEP_TIMEOUT, Stage

R = TypeVar("R")

ROUTED = "Explain what this repository does"
LIMITED = "Write a unit test for the parser"
ALL = "Is this query safe?"
OTHERS = ("claude", "gemini")
"""Whom the third act asks: one of the three may be limited by then."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One thing shown: the command as a person would type it, and what came of it."""

    title: str
    command: str
    runs: tuple[RunResult, ...]


def acts(stage: Stage) -> Iterator[Act]:
    """The runs, each when it has ended. Raises FaultError when one does not end well."""
    first = _dispatch(stage, "The daemon picks an agent.", ROUTED)
    yield first
    picked = first.runs[0].provider
    stage.limit(picked)
    yield _dispatch(stage, f"{picked} is rate-limited now: the daemon tries it, then fails over.", LIMITED)
    yield _broadcast(stage, "Two agents are asked at the same time.", ALL)


def _dispatch(stage: Stage, title: str, task: str) -> Act:
    run = _asked(stage, ("dispatch", "--json", "--", task), RunResult)
    if run.status != "success":
        raise FaultError(run.error) if run.error else refuse(NO_PROVIDER, f"The run ended as {run.status}.")
    return Act(title=title, command=f'muxctl dispatch "{task}"', runs=(run,))


def _broadcast(stage: Stage, title: str, task: str) -> Act:
    words = ("broadcast", "--json", "--all", "--providers", *OTHERS, "--", task)
    result = _asked(stage, words, BroadcastResult)
    if result.status != "success":
        raise FaultError(result.error) if result.error else refuse(NO_PROVIDER, f"It ended as {result.status}.")
    return Act(title=title, command=f'muxctl broadcast --providers {" ".join(OTHERS)} -- "{task}"', runs=result.results)


def _asked(stage: Stage, words: tuple[str, ...], expected: type[R]) -> R:
    try:
        done = stage.muxctl(*words)
    except subprocess.TimeoutExpired:
        raise refuse(INTERNAL, f"The demo's {words[0]} took more than {STEP_TIMEOUT:.0f} s.") from None
    return _read(done.stdout, done.stderr, expected)


def _read(stdout: str, stderr: str, expected: type[R]) -> R:
    """The one line of an answer. Raises FaultError with the fault that it tells instead, or with its last words."""
    try:
        return msgspec.json.decode(stdout, type=expected)
    except msgspec.DecodeError:
        pass
    try:
        raise FaultError(msgspec.json.decode(stdout, type=dict[str, Fault])["error"])
    except (msgspec.DecodeError, KeyError):
        last = " ".join((stderr or stdout).strip().splitlines()[-1:])
        raise refuse(INTERNAL, f"The demo got no result: {last}") from None
