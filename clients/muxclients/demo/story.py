"""What happens in a demo, act by act."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import msgspec
from muxwire.faults import INTERNAL, NO_PROVIDER, Fault, FaultError, refuse
from muxwire.runs import RunResult

from muxclients.demo.stage import STEP_TIMEOUT, Stage

ROUTED = "Explain what this repository does"
LIMITED = "Write a unit test for the parser"


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One thing shown: the command as a person would type it, and what came of it."""

    title: str
    command: str
    run: RunResult


def acts(stage: Stage) -> Iterator[Act]:
    """The runs, each when it has ended. Raises FaultError when one does not end well."""
    first = _dispatch(stage, "The daemon picks an agent.", ROUTED)
    yield first
    picked = first.run.provider
    stage.limit(picked)
    yield _dispatch(stage, f"{picked} is rate-limited now: the daemon tries it, then fails over.", LIMITED)


def _dispatch(stage: Stage, title: str, task: str) -> Act:
    try:
        done = stage.muxctl("dispatch", "--json", "--", task)
    except subprocess.TimeoutExpired:
        raise refuse(INTERNAL, f"The demo's dispatch took more than {STEP_TIMEOUT:.0f} s.") from None
    run = _read(done.stdout, done.stderr)
    if run.status != "success":
        raise FaultError(run.error) if run.error else refuse(NO_PROVIDER, f"The run ended as {run.status}.")
    return Act(title=title, command=f'muxctl dispatch "{task}"', run=run)


def _read(stdout: str, stderr: str) -> RunResult:
    """The one line of a dispatch. Raises FaultError with the fault that it tells instead, or with its last words."""
    try:
        return msgspec.json.decode(stdout, type=RunResult)
    except msgspec.DecodeError:
        pass
    try:
        raise FaultError(msgspec.json.decode(stdout, type=dict[str, Fault])["error"])
    except (msgspec.DecodeError, KeyError):
        last = " ".join((stderr or stdout).strip().splitlines()[-1:])
        raise refuse(INTERNAL, f"The demo's dispatch gave no result: {last}") from None
