"""A broadcast on the wire: one task for several members, and what they answer."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from muxwire.faults import Fault
from muxwire.runs import CallerEnv, Cost, Origin, RunResult, TokenUsage, flag
from muxwire.words import Effort, Sandbox, State


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
            description="Whom to ask, each a provider or `provider/model` (default: all that are usable).",
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
    timeout: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Seconds after which it ends, waiting included.", extra=flag("-t", "--timeout")),
    ] = None
    sandbox: Annotated[Sandbox, Meta(description="What the agents may change.", extra=flag("--sandbox"))] = "read-only"
    workdir: Annotated[str, Meta(description="Folder the agents work in.", extra=flag("-w", "--workdir"))] = ""
    max_retries: Annotated[
        int, Meta(description="Attempts per member in all, 1 to 5.", ge=1, le=5, extra=flag("-r", "--max-retries"))
    ] = 1
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


class Tally(msgspec.Struct, frozen=True):
    """How the members fared, as 0.29 counts them."""

    total: int
    success: int
    error: int


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
    duration_seconds: float
    token_usage: TokenUsage | None = None
    cost: Cost | None = None
    error: Fault | None = None
    next: str = ""
    """The command that goes on from here, when it has not ended."""
