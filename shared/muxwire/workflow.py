"""A workflow on the wire: steps whose answers go into each other, and what they come to."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from muxwire.faults import Fault
from muxwire.runs import CallerEnv, Changes, Cost, Origin, RunResult, TokenUsage, flag
from muxwire.words import Effort, Sandbox, State


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
    max_cost: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="Dollars it may cost in all.", extra=flag("--budget")),
    ] = None
    timeout: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Seconds after which it ends, waiting included.", extra=flag("-t", "--timeout")),
    ] = None
    workdir: Annotated[str, Meta(description="Folder the agents work in.", extra=flag("-w", "--workdir"))] = ""
    worktree: Annotated[
        bool, Meta(description="Work in a git worktree of its own; see `muxctl diff`.", extra=flag("--worktree"))
    ] = False
    carry: Annotated[
        bool, Meta(description="Take along what is not committed (with --worktree).", extra=flag("--carry"))
    ] = False
    profile: Annotated[str, Meta(description="Named profile from profiles.toml.", extra=flag("--profile"))] = ""
    reasoning_effort: Annotated[
        Effort | None, Meta(description="How hard the models should think.", extra=flag("--reasoning-effort"))
    ] = None
    priority: Annotated[int, Meta(description="Higher runs first.", ge=-100, le=100, extra=flag("--priority"))] = 0
    wait_s: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="Seconds to wait for the end before answering as it stands.", extra=flag("--wait")),
    ] = None
    background: Annotated[bool, Meta(description="Answer with the run id at once.", extra=flag("--background"))] = False
    cancel_on_hangup: Annotated[
        bool,
        Meta(
            description="Cancel it all when this command is interrupted, killed or hangs up.",
            extra=flag("--cancel-on-interrupt"),
        ),
    ] = False
    idempotency_key: Annotated[
        str, Meta(description="The same key attaches to the same run.", extra=flag("--idempotency-key"))
    ] = ""
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
