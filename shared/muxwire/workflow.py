"""A workflow on the wire: steps whose answers go into each other, and what they come to."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from muxwire.faults import Fault
from muxwire.options import (
    Background,
    CancelOnHangup,
    Carry,
    IdempotencyKey,
    Isolated,
    MaxCost,
    Priority,
    Profile,
    Reasoning,
    WaitSeconds,
    WholeTimeout,
    Workdir,
    flag,
)
from muxwire.runs import CallerEnv, Changes, Cost, Origin, RunResult, TokenUsage
from muxwire.words import Sandbox, State


class WorkflowParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Do a task in the steps of a workflow."""

    task: Annotated[
        str,
        Meta(
            description="Its {input}; read from stdin when no words are given.",
            extra_json_schema={"minLength": 1},
            extra=flag(positional=True, words=True),
        ),
    ]
    workflow: str
    max_cost: MaxCost = None
    timeout: WholeTimeout = None
    workdir: Workdir = ""
    worktree: Isolated = False
    carry: Carry = False
    profile: Profile = ""
    reasoning_effort: Reasoning = None
    priority: Priority = 0
    wait_s: WaitSeconds = None
    background: Background = False
    cancel_on_hangup: CancelOnHangup = False
    idempotency_key: IdempotencyKey = ""
    origin: Origin = Origin()
    env: CallerEnv = CallerEnv()


class StepTally(msgspec.Struct, frozen=True):
    """How the steps fared, as 0.29 counts them."""

    total_steps: int
    success: int
    total_duration: float


class WorkflowResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """0.29's keys, and ours beside them."""

    workflow: str
    description: str
    steps: tuple[RunResult, ...]
    """Those that were begun, each with its `step`."""
    summary: StepTally
    run_id: str
    status: State
    output: str
    """The answer of the last step, or of those that nobody takes from."""
    skipped: tuple[str, ...] = ()
    """Steps that were not begun."""
    duration_seconds: float
    token_usage: TokenUsage | None = None
    cost: Cost | None = None
    changes: Changes | None = None
    error: Fault | None = None
    next: str = ""
    """The command that goes on from here, when it has not ended, or has failed."""


class WorkflowsParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """The workflows that there are, or one; listed, drawn or checked."""

    name: str = ""
    view: Literal["list", "graph", "check"] = "list"
    workdir: str = ""


class StepLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    name: str
    provider: str
    model: str = ""
    sandbox: Sandbox = "read-only"
    needs: tuple[str, ...] = ()
    on_fail: str = "stop"


class WorkflowLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    name: str
    description: str = ""
    version: int = 1
    steps: tuple[StepLine, ...]
    warnings: tuple[str, ...] = ()


class WorkflowList(msgspec.Struct, frozen=True):
    workflows: tuple[WorkflowLine, ...]
