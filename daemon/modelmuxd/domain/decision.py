"""Decisions with their reasons: which provider, and what follows a fault."""

from __future__ import annotations

import msgspec


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A provider (and model) that could take a task."""

    provider: str
    account: str
    """Whose quota, cooldown and slots it uses."""
    model: str = ""
    available: bool = True
    fault: str = ""
    """Fault kind that makes it unusable (`not_installed`, `auth`), when it is not available."""
    why: str = ""
    """The sentence for the user."""


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    candidate: Candidate
    score: float
    reasons: tuple[str, ...] = ()


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """Best first; those that cannot take the task stand in `excluded` with the reason."""

    ranked: tuple[Ranked, ...] = ()
    excluded: tuple[Ranked, ...] = ()


class RetryAt(msgspec.Struct, frozen=True, tag=True):
    """The same provider again, not before `delay` seconds from now."""

    delay: float
    why: str


class FailOver(msgspec.Struct, frozen=True, tag=True):
    why: str


class GiveUp(msgspec.Struct, frozen=True, tag=True):
    why: str


Next = RetryAt | FailOver | GiveUp
