"""What keeps runs waiting: pauses, cooldowns, slots."""

from __future__ import annotations

from typing import Literal

import msgspec


class QueueParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Show what keeps runs waiting; start nothing new, at one provider or (empty) at all, and go on again."""

    action: Literal["show", "pause", "resume"] = "show"
    provider: str = ""


class PausedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """Nothing new starts here until somebody resumes it."""

    provider: str
    """Empty: at all."""
    by: str
    since: float


class AccountLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An account that is not simply ready: it cools down, its circuit is not closed, or attempts run on it."""

    account: str
    provider: str
    running: int = 0
    slots: int = 0
    """Attempts that may run on it at once."""
    cooldown_until: float | None = None
    cooldown_kind: str = ""
    """rate_limit, quota or overloaded."""
    cooldown_text: str = ""
    circuit: Literal["closed", "open", "half-open"] = "closed"
    opens_until: float | None = None
    """Unix time at which an open circuit lets one attempt through."""


class QueueResult(msgspec.Struct, frozen=True, omit_defaults=True):
    paused: tuple[PausedLine, ...] = ()
    accounts: tuple[AccountLine, ...] = ()
    running: int = 0
    waiting: int = 0
