"""What a watcher of a run sees, in order and without gaps: each event carries the run's sequence number, from 1."""

from __future__ import annotations

import msgspec

from muxwire.faults import Fault
from muxwire.runs import RunResult, TokenUsage
from muxwire.words import State, WaitReason


class _Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", kw_only=True):
    seq: int = 0
    at: float = 0.0
    """Unix seconds when it was recorded."""


class StateChanged(_Event, frozen=True, tag="state"):
    state: State
    reason: WaitReason | None = None
    text: str = ""
    """The sentence, such as `slots: codex has 2 of 2 running`."""
    until: float | None = None
    run_id: str = ""
    """For whoever has dispatched and knows no run yet; a watcher has named it."""


class AttemptStarted(_Event, frozen=True, tag="attempt"):
    attempt: int
    provider: str
    account: str = ""
    why: str = ""


class SessionStarted(_Event, frozen=True, tag="session"):
    session_id: str
    model: str = ""


class Text(_Event, frozen=True, tag="text"):
    """A piece of the answer as it forms. `attempt` tells pieces of an abandoned attempt from the next one's."""

    attempt: int
    text: str


class ToolUsed(_Event, frozen=True, tag="tool"):
    attempt: int
    name: str
    status: str = ""
    """started, completed or failed."""
    detail: str = ""


class Notice(_Event, frozen=True, tag="notice"):
    attempt: int
    """0: the daemon's own remark."""
    text: str


class UsageSeen(_Event, frozen=True, tag="usage"):
    attempt: int
    usage: TokenUsage


class AttemptEnded(_Event, frozen=True, tag="attempt_ended"):
    attempt: int
    fault: Fault | None = None
    decision: str = ""
    """What follows and why: `fail over: rate limited until 14:05`."""


class ChildChanged(_Event, frozen=True, tag="child"):
    """Of a composite: one of its turns stands elsewhere than before."""

    child: str
    """Its run id."""
    step: str
    state: State
    round: int = 1
    provider: str = ""
    model: str = ""
    reason: WaitReason | None = None
    text: str = ""
    """Why it waits, or why it failed."""


class Ended(_Event, frozen=True, tag="end"):
    result: RunResult


RunEvent = (
    StateChanged
    | AttemptStarted
    | SessionStarted
    | Text
    | ToolUsed
    | Notice
    | UsageSeen
    | AttemptEnded
    | ChildChanged
    | Ended
)
