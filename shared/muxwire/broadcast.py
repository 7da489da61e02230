"""A broadcast on the wire: one task for several members, and what they answer."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from muxwire.faults import Fault
from muxwire.options import (
    Background,
    CancelOnHangup,
    Carry,
    IdempotencyKey,
    MaxCost,
    Priority,
    Profile,
    Reasoning,
    WaitSeconds,
    WholeTimeout,
    Workdir,
    flag,
)
from muxwire.runs import CallerEnv, Cost, Origin, RunResult, TokenUsage
from muxwire.words import Sandbox, State


class BroadcastParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Send one task to several agents at once."""

    task: Annotated[
        str,
        Meta(
            description="What they should do; read from stdin when no words are given.",
            extra_json_schema={"minLength": 1},
            extra=flag(positional=True, words=True),
        ),
    ]
    providers: Annotated[
        tuple[str, ...],
        Meta(
            description="Whom to ask, each a provider or `provider/model` (default: all others that are usable).",
            max_length=100,
            extra=flag("--providers"),
        ),
    ] = ()
    model: Annotated[
        str, Meta(description="Model for those without one of their own.", extra=flag("-m", "--model"))
    ] = ""
    quorum: Annotated[
        int, Meta(description="Answers after which nobody waits for the others.", ge=0, extra=flag("--quorum"))
    ] = 0
    all: Annotated[bool, Meta(description="Succeed only when all have answered.", extra=flag("--all"))] = False
    member_timeout: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Seconds each of them may take (default: limits.timeout).", extra=flag("--member-timeout")),
    ] = None
    timeout: WholeTimeout = None
    compare: Annotated[
        bool, Meta(description="Say how far they agree, and what each says alone.", extra=flag("--compare"))
    ] = False
    judge: Annotated[
        str, Meta(description="Who ranks the answers without knowing whose they are.", extra=flag("--judge"))
    ] = ""
    sandbox: Annotated[Sandbox, Meta(description="What the agents may change.", extra=flag("--sandbox"))] = "read-only"
    workdir: Workdir = ""
    worktree: Annotated[
        bool, Meta(description="Each in a git worktree of its own; needed to write.", extra=flag("--worktree"))
    ] = False
    carry: Carry = False
    max_retries: Annotated[
        int, Meta(description="Attempts per member in all, 1 to 5.", ge=1, le=5, extra=flag("-r", "--max-retries"))
    ] = 1
    profile: Profile = ""
    reasoning_effort: Reasoning = None
    max_cost: MaxCost = None
    priority: Priority = 0
    wait_s: WaitSeconds = None
    background: Background = False
    cancel_on_hangup: CancelOnHangup = False
    idempotency_key: IdempotencyKey = ""
    origin: Origin = Origin()
    env: CallerEnv = CallerEnv()


class Tally(msgspec.Struct, frozen=True):
    """How the members fared, as 0.29 counts them."""

    total: int
    success: int
    error: int


class Compared(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer beside the others."""

    word_count: int
    char_count: int
    duration_seconds: float
    agreement: float
    """The mean with each of the others."""
    cost_usd: float | None = None


class Comparison(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """0.29's keys, and ours beside them. All but `per_provider` go by the members' names."""

    comparable: bool
    reason: str = ""
    """Why not."""
    measure: str = ""
    agreement_score: float | None = None
    """From 0 to 1: the mean over all pairs."""
    pairwise_similarity: dict[str, float] = {}
    speed_ranking: tuple[str, ...] = ()
    ranking: tuple[str, ...] = ()
    """The best first."""
    ranked_by: str = ""
    """judge, or agreement: who says what the others say too comes first."""
    per_provider: dict[str, Compared] = {}
    unique: dict[str, tuple[str, ...]] = {}
    """What each says that no other says."""


class Judgement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a judge thought that did not know whose answers they were."""

    ranking: tuple[str, ...]
    reasons: dict[str, str] = {}


class BroadcastResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """0.29's keys, and ours beside them."""

    run_id: str
    broadcast: bool = True
    status: State
    providers: tuple[str, ...]
    """The members' names, in the order in which they were asked."""
    results: tuple[RunResult, ...]
    """In the same order; together they stay within what one answer may hold, and `output_size` tells what was cut."""
    summary: Tally
    comparison: Comparison | None = None
    judgement: Judgement | None = None
    judge: RunResult | None = None
    """The judge's own run, which is no member's."""
    notes: tuple[str, ...] = ()
    """What did not go as it should have."""
    duration_seconds: float
    token_usage: TokenUsage | None = None
    cost: Cost | None = None
    error: Fault | None = None
    next: str = ""
    """The command that goes on from here, when it has not ended."""
