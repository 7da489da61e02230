"""Everything about one run, on the wire: `muxctl show` and `why`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from muxwire.faults import Fault
from muxwire.options import flag
from muxwire.runs import Cost, Origin, RunRef, RunResult, TokenUsage
from muxwire.words import Enforcement


class ShowParams(RunRef, frozen=True, omit_defaults=True):
    """One run, as a whole."""

    markdown: Annotated[
        bool, Meta(description="Its transcript as Markdown, turn by turn.", extra=flag("--markdown"))
    ] = False


class AttemptDetail(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    number: int
    provider: str
    model: str = ""
    state: str = ""
    """running, success, a fault kind, or lost."""
    started_at: float = 0.0
    ended_at: float | None = None
    exit_code: int | None = None
    fault: Fault | None = None
    token_usage: TokenUsage | None = None
    cost: Cost | None = None
    session_id: str = ""
    sandbox_enforced: Enforcement | None = None
    argv: tuple[str, ...] = ()
    """As started; prompts and secrets are not in it."""
    cli_version: str = ""


class DecisionDetail(msgspec.Struct, frozen=True, omit_defaults=True):
    at: float
    kind: str
    """route, retry, failover, wait, refuse, cancel …"""
    text: str
    data: dict[str, object] = {}


class RunDetail(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Everything about one run; `result` is the canonical result as it stands."""

    result: RunResult
    task: str
    workdir: str
    origin: Origin
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    timeout: int = 0
    deadline: float | None = None
    """Unix time by which it must have ended, waiting included."""
    after: tuple[str, ...] = ()
    """Runs that had to succeed first."""
    retry_of: str = ""
    """The run that this one repeats at its user's word."""
    task_sha256: str = ""
    """Of the task's UTF-8: whether two runs were asked the same."""
    base_commit: str = ""
    """From which its worktree began."""
    turns: tuple[RunResult, ...] = ()
    """Of a run made of others, in the order in which they were asked."""
    attempts: tuple[AttemptDetail, ...] = ()
    decisions: tuple[DecisionDetail, ...] = ()
