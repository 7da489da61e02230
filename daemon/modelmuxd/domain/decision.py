"""Decisions with their reasons: which provider, and what follows a fault."""

from __future__ import annotations

import msgspec
from muxwire.words import WaitReason

from modelmuxd.domain.knowledge import Routed


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
    """What the router thinks of a candidate; all but the first three are empty for one that is excluded."""

    candidate: Candidate
    score: float
    reasons: tuple[str, ...] = ()
    parts: dict[str, float] = {}
    """What the score is the sum of."""
    rule: tuple[int, int] | None = None
    """Priority and hits of the user's rule that it met."""
    mean: float = 0.0
    """How good its answer is expected to be, 0 to 1."""
    spread: float = 0.0
    """Standard deviation of what is expected."""
    weight: float = 0.0
    """How many judged answers what is expected rests on, the prior's worth among them."""
    judged: float = 0.0
    """The same without the prior; what is old counts less."""
    routed: Routed | None = None


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """Best first; those that cannot take the task stand in `excluded` with the reason."""

    kind: str = ""
    """Of work, as the task's words tell."""
    ranked: tuple[Ranked, ...] = ()
    excluded: tuple[Ranked, ...] = ()
    sure: float = 1.0
    """How likely it is that the first is better than the second."""
    turn: str = ""
    """What it would take to change its mind, a sentence."""


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
