"""Decisions with their reasons: which provider, and what follows a fault."""

from __future__ import annotations

import msgspec
from muxwire.words import WaitReason


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


class Park(msgspec.Struct, frozen=True, tag=True):
    """The run waits for something outside of it: a limit that ends, an answer. It costs no slot meanwhile."""

    waiting: WaitReason
    text: str
    """The sentence for the user, such as `quota until 14:05: codex`."""
    until: float | None
    """Unix time; None: until somebody comes."""
    why: str


class GiveUp(msgspec.Struct, frozen=True, tag=True):
    why: str
    hint: str = ""
    """What the user can do, where the fault itself does not say it."""


Next = RetryAt | FailOver | Park | GiveUp


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Why a task cannot start now."""

    reason: WaitReason
    text: str
    """The sentence, such as `slots: codex has 2 of 2 running`."""
    until: float | None = None
    """Unix time at which it may be looked at again, where that is known."""
    on: tuple[str, ...] = ()
    """What must come free first, such as `slots:codex` or `run:01k…`; whoever frees it says the same word."""
