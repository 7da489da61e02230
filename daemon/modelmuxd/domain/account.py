"""Accounts that cool down or are broken, and pauses. Times are Unix seconds."""

from __future__ import annotations

from typing import Literal

import msgspec


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """When an account's circuit opens, and for how long; doubled at each failed probe, up to `longest`."""

    failures: int = 5
    """In a row."""
    seconds: float = 30.0
    longest: float = 900.0


class Cooldown(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody asks this account before `until`. A later `until` takes the place of an earlier one, never the reverse."""

    account: str
    provider: str
    until: float
    kind: Literal["rate_limit", "quota", "overloaded"]
    text: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one account by all who use it."""

    account: str
    provider: str
    cooldown_until: float | None = None
    cooldown_kind: str = ""
    cooldown_text: str = ""
    failures: int = 0
    """In a row, of the kinds that count for the breaker."""
    opened_at: float | None = None
    opens_until: float | None = None
    """While the circuit is open. From then on it is half-open: one attempt probes it."""
    probing: str = ""
    """The run that probes it."""

    def circuit(self, now: float) -> Literal["closed", "open", "half-open"]:
        if self.opens_until is None:
            return "closed"
        return "open" if now < self.opens_until else "half-open"


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing new starts, at one provider or (empty) at all, until somebody resumes it."""

    provider: str
    by: str
    since: float
