"""Runs on the wire: what a dispatch asks, and the canonical result it gives."""

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
    Workdir,
    flag,
)
from muxwire.words import Enforcement, Sandbox, State, WaitReason


class CallerEnv(msgspec.Struct, frozen=True):
    """The allow-listed environment of whoever calls. Values never show in a repr."""

    values: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"CallerEnv({', '.join(sorted(self.values))})"


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who asked, from where, on whose behalf."""

    kind: str = "cli"
    """cli, mcp, a2a, workflow …"""
    principal: str = ""
    caller: str = ""
    """The provider that calls us, when one does: `claude`, `codex` … In a request: what an MCP client calls itself."""
    workdir: str = ""
    parent: str = ""
    """run_id of the run whose agent asked, found by process ancestry."""


class DispatchParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Send one task to one provider."""

    task: Annotated[
        str,
        Meta(
            description="What the agent should do; read from stdin when no words are given.",
            extra_json_schema={"minLength": 1},
            extra=flag(positional=True, words=True),
        ),
    ]
    provider: Annotated[
        str, Meta(description="A provider, `provider/model`, or `auto`.", extra=flag("-p", "--provider"))
    ] = "auto"
    model: Annotated[str, Meta(description="Model to ask for.", extra=flag("-m", "--model"))] = ""
    sandbox: Annotated[Sandbox, Meta(description="What the agent may change.", extra=flag("--sandbox"))] = "read-only"
    workdir: Workdir = ""
    session_id: Annotated[
        str, Meta(description="Session to go on with: its id, or a run of it.", extra=flag("--session"))
    ] = ""
    continue_session: Annotated[
        bool, Meta(description="Go on with the last session of this folder.", extra=flag("--continue"))
    ] = False
    timeout: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Seconds the run may take (default: limits.timeout).", extra=flag("-t", "--timeout")),
    ] = None
    max_retries: Annotated[
        int, Meta(description="Attempts per provider in all, 1 to 5.", ge=1, le=5, extra=flag("-r", "--max-retries"))
    ] = 1
    failover: Annotated[
        bool | None,
        Meta(
            description="Try the next provider when one cannot (default: only for `auto`).",
            extra=flag("--failover/--no-failover"),
        ),
    ] = None
    profile: Profile = ""
    reasoning_effort: Reasoning = None
    prefer: Annotated[
        Literal["quality", "balanced", "cheap", "fast"] | None,
        Meta(description="What counts most in the choice (default: routing.prefer).", extra=flag("--prefer")),
    ] = None
    max_cost: MaxCost = None
    priority: Priority = 0
    wait_s: WaitSeconds = None
    background: Background = False
    cancel_on_hangup: CancelOnHangup = False
    after: Annotated[
        tuple[str, ...], Meta(description="Start when this run has succeeded; may be repeated.", extra=flag("--after"))
    ] = ()
    delay: Annotated[float, Meta(description="Seconds before it may start.", ge=0, extra=flag("--delay"))] = 0.0
    deadline: Annotated[
        Annotated[float, Meta(ge=1)] | None,
        Meta(description="Seconds by which it must have ended, waiting included.", extra=flag("--deadline")),
    ] = None
    worktree: Isolated = False
    carry: Carry = False
    decompose: Annotated[
        bool,
        Meta(
            description="Have it taken apart first, and done in parts where that is worth it.",
            extra=flag("--decompose"),
        ),
    ] = False
    idempotency_key: IdempotencyKey = ""
    origin: Origin = Origin()
    env: CallerEnv = CallerEnv()


class TokenUsage(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Tokens as 0.29 names them: `input` holds cached reads, `output` holds reasoning."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    reasoning_output_tokens: int | None = None


class Cost(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What it cost, in US dollars; `None` is unknown, never 0."""

    usd: float | None
    source: str = "unknown"
    """Whose figures: `provider` (the CLI's own), `table`, `settings` (yours), `local`, `mixed` or `unknown`."""
    plan_usd: float | None = None
    """What a subscription has paid for, at list price as far as it is known; no part of `usd`."""


class Changes(msgspec.Struct, frozen=True):
    """What a run with a worktree of its own has changed there, all turns together; see `muxctl diff`."""

    files: int
    added: int
    """Lines; a binary file counts none."""
    deleted: int


class Verified(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the project's `[verify] command` said of the worktree, after the agent."""

    command: tuple[str, ...]
    exit_code: int | None = None
    """None when it was ended: it took too long, or the run was canceled."""
    seconds: float = 0.0
    output: str = ""
    """The end of what it printed."""


class SubtaskLine(msgspec.Struct, frozen=True):
    """One part of a task that was taken apart, under 0.29's names."""

    name: str
    provider: str
    status: State
    duration_seconds: float
    summary: str


class RunResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The canonical result: 0.29's keys, and ours beside them. The first eleven are always written."""

    run_id: str
    provider: str
    status: State
    summary: str
    output: str
    session_id: str
    duration_seconds: float
    token_usage: TokenUsage | None
    routed_from: str | None
    caller_excluded: str | None
    model: str
    cost: Cost | None = None
    error: Fault | None = None
    sandbox: Sandbox = "read-only"
    sandbox_enforced: Enforcement | None = None
    attempts: int = 0
    failover_from: str | None = None
    waiting: WaitReason | None = None
    waiting_for: str = ""
    until: float | None = None
    """Unix time at which what it waits for is over, where that is known."""
    output_size: int | None = None
    """Bytes of the whole output, when `output` holds only its head."""
    output_cleaned: bool = False
    """It was there, and `muxctl clean` or `[retention]` took it away."""
    profile: str = ""
    kind: str = ""
    """Of a run made of others: broadcast …; their results are its turns."""
    part_of: str = ""
    """The run that it is a turn of."""
    step: str = ""
    """Which turn."""
    round: int = 0
    decomposed: bool = False
    """Whether it was taken apart."""
    subtasks: tuple[SubtaskLine, ...] = ()
    worktree: str = ""
    """The folder in which it works, away from its caller's files."""
    changes: Changes | None = None
    verified: Verified | None = None
    next: str = ""
    """The command that goes on from here, when the run has not ended."""


class RunRef(msgspec.Struct, frozen=True):
    """One run."""

    run_id: Annotated[
        str, Meta(description="Run id, or 6 or more of its first characters.", extra=flag(positional=True))
    ]


class WatchParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Follow a run's events from a point on."""

    run_id: Annotated[
        str, Meta(description="Run id, or 6 or more of its first characters.", extra=flag(positional=True))
    ]
    since: Annotated[int, Meta(description="Last event already seen.", ge=0, extra=flag("--since"))] = 0
    follow: Annotated[bool, Meta(description="Go on until the run ends.", extra=flag("-f", "--follow"))] = False


class AttachParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Follow a run until it ends."""

    run_id: Annotated[
        str, Meta(description="Run id, or 6 or more of its first characters.", extra=flag(positional=True))
    ]
    since: Annotated[int, Meta(description="Last event already seen.", ge=0, extra=flag("--since"))] = 0


class WaitParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Wait for runs to end."""

    run_ids: Annotated[tuple[str, ...], Meta(description="Run ids.", min_length=1, extra=flag(positional=True))]
    wait_s: Annotated[
        Annotated[float, Meta(ge=0)] | None, Meta(description="Seconds to wait at most.", extra=flag("--wait"))
    ] = None


class WaitResult(msgspec.Struct, frozen=True):
    runs: tuple[RunResult, ...]


class CancelParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Cancel runs: their whole process trees end; what came so far is kept."""

    run_ids: Annotated[tuple[str, ...], Meta(description="Run ids.", extra=flag(positional=True))] = ()
    all: Annotated[bool, Meta(description="Every run that has not ended.", extra=flag("--all"))] = False
    mine: Annotated[
        bool, Meta(description="Every run of mine: sent by the same user in the same way.", extra=flag("--mine"))
    ] = False


class CancelResult(msgspec.Struct, frozen=True):
    runs: tuple[RunResult, ...]


class RetryParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Run an ended task again, as a run of its own."""

    run_id: Annotated[
        str, Meta(description="Run id, or 6 or more of its first characters.", extra=flag(positional=True))
    ]
    provider: Annotated[
        str, Meta(description="Another provider, or `provider/model`, than before.", extra=flag("-p", "--provider"))
    ] = ""
    model: Annotated[str, Meta(description="Another model than before.", extra=flag("-m", "--model"))] = ""
    wait_s: WaitSeconds = None
    background: Background = False
    cancel_on_hangup: CancelOnHangup = False
    env: CallerEnv = CallerEnv()


class AnswerParams(msgspec.Struct, frozen=True):
    """Answer a run that waits for input; the agent goes on in the same session."""

    run_id: str
    text: str
