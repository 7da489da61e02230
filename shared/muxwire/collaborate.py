"""A collaboration on the wire: roles that work on one task in turns, and what they come to."""

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
from muxwire.runs import CallerEnv, Changes, Cost, Origin, TokenUsage
from muxwire.words import Sandbox, State


class CollaborateParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Have several agents work on one task in turns."""

    task: Annotated[
        str,
        Meta(
            description="What they should do; read from stdin when no words are given.",
            extra_json_schema={"minLength": 1},
            extra=flag(positional=True, words=True),
        ),
    ]
    pattern: Annotated[
        str, Meta(description="review, consensus, debate or one of your own.", extra=flag("--pattern"))
    ] = "review"
    roles: Annotated[
        tuple[str, ...],
        Meta(description="Who does what, each `role=provider` or `role=provider/model`.", extra=flag("--roles")),
    ] = ()
    max_rounds: Annotated[
        int, Meta(description="Rounds at most (default: the pattern's).", ge=0, le=50, extra=flag("--max-rounds"))
    ] = 0
    max_cost: MaxCost = None
    turn_timeout: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Seconds each turn may take (default: limits.timeout).", extra=flag("--turn-timeout")),
    ] = None
    timeout: WholeTimeout = None
    sandbox: Annotated[Sandbox, Meta(description="What those may change who do the work.", extra=flag("--sandbox"))] = (
        "read-only"
    )
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


class Finding(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a reviewer found."""

    text: str
    severity: str = ""
    where: str = ""


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a reviewer or an arbiter decided, as it wrote it down in the form that was asked for."""

    role: str
    round: int
    verdict: str
    """A reviewer's is `approved` or `changes_requested`; an arbiter's is a sentence."""
    findings: tuple[Finding, ...] = ()
    confidence: float | None = None
    """From 0 to 1, of an arbiter's."""
    summary: str = ""


class TurnLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One turn under 0.29's names; `turn_id` is its run."""

    turn_id: str
    role: str
    round: int
    provider: str
    model: str = ""
    status: State
    duration: float
    output_summary: str
    error: Fault | None = None


class Artifact(msgspec.Struct, frozen=True):
    id: str
    name: str
    content: str
    """The first 2000 characters, as in 0.29."""


CollaborationState = Literal["submitted", "working", "input-required", "completed", "failed", "canceled", "rejected"]


class CollaborateResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """0.29's keys, and ours beside them."""

    task_id: str
    """The run id."""
    context_id: str
    pattern: str
    state: CollaborationState
    rounds: int
    duration_seconds: float
    providers_used: tuple[str, ...]
    turns: tuple[TurnLine, ...]
    final_output: str
    """The work, never what was said about it."""
    artifacts: tuple[Artifact, ...]
    run_id: str
    status: State
    approved: bool | None = None
    """None where the pattern has nobody who approves."""
    verdict: Verdict | None = None
    """The last one."""
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    """What did not go as it should have: who failed, why it stopped."""
    token_usage: TokenUsage | None = None
    cost: Cost | None = None
    changes: Changes | None = None
    error: Fault | None = None
    next: str = ""
    """The command that goes on from here, when it has not ended."""


class PatternsParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """The patterns that there are."""

    workdir: str = ""


class RoleLine(msgspec.Struct, frozen=True, omit_defaults=True):
    role: str
    provider: str
    when: str = "every"


class PatternLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    name: str
    description: str = ""
    max_rounds: int
    roles: tuple[RoleLine, ...]


class PatternList(msgspec.Struct, frozen=True):
    patterns: tuple[PatternLine, ...]
