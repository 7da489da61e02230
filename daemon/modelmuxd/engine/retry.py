"""What follows a fault: a pure decision over the fault, what was tried, and the task's settings."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec
from muxwire.faults import LOST, Fault

from modelmuxd.domain.decision import FailOver, GiveUp, Next, RetryAt

RETRIED: frozenset[str] = frozenset({"overloaded", "transient", "crashed", "rate_limit"})
"""Kinds that the same provider may get over by itself."""

FINAL: frozenset[str] = frozenset({"canceled", "timeout", "needs_input", "output_limit"})
"""Kinds that end the run: another provider would not change them."""

BACKOFF_BASE = 2.0
BACKOFF_CAP = 60.0
PATIENCE = 120.0
"""Longest stated delay, in seconds, that a retry waits for; a longer one fails over or gives up."""


LOST_AGAIN = 3
"""Attempts that may be lost before a run is given up, where repeating it is safe."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run stands after a failed attempt."""

    same_provider: int
    """Attempts at this provider so far, this one included."""
    max_retries: int
    """Attempts per provider in all."""
    failover: bool
    others: int
    """Usable providers not tried yet."""
    session: bool
    """The task goes on with a session, which lives at one provider."""
    repeatable: bool = False
    """A lost attempt changed nothing: it was read-only, so it may be repeated without asking."""


def decide(fault: Fault, tried: Tried, *, jitter: Callable[[], float] = random.random) -> Next:
    """Retry, fail over, or give up; the reason is for the user.

    Exponential backoff with full jitter (Brooker 2015): a random delay up to `BACKOFF_BASE * 2**n`, never less than
    what the provider asked for.
    """
    if fault.code == LOST:
        return _after_loss(tried)
    if fault.code in FINAL:
        return GiveUp(why=f"{fault.code} ends a run")
    if fault.code in RETRIED and tried.same_provider < tried.max_retries:
        asked = fault.retry_after or 0.0
        if asked <= PATIENCE:
            delay = jitter() * min(BACKOFF_CAP, BACKOFF_BASE * 2 ** (tried.same_provider - 1))
            number = tried.same_provider + 1
            return RetryAt(delay=max(asked, delay), why=f"{fault.code}: attempt {number} of {tried.max_retries}")
    return _next_provider(fault, tried)


def _after_loss(tried: Tried) -> Next:
    if not tried.repeatable:
        return GiveUp(why="lost, and it may have changed files: `muxctl retry` when you have looked")
    if tried.same_provider >= LOST_AGAIN:
        return GiveUp(why=f"lost {tried.same_provider} times")
    return RetryAt(delay=0.0, why="lost; it was read-only, so it is repeated")


def eligible(faults: Sequence[Fault], max_retries: int) -> bool:
    """Whether a provider may be tried (again) after these faults of its attempts, oldest first: the same rule as
    `decide`, read back from the record after a restart."""
    if not faults:
        return True
    last = faults[-1]
    if last.code == LOST:
        return len(faults) < LOST_AGAIN
    return last.code in RETRIED and len(faults) < max_retries and (last.retry_after or 0.0) <= PATIENCE


def _next_provider(fault: Fault, tried: Tried) -> Next:
    if not tried.failover:
        return GiveUp(why=f"{fault.code}; failover is off")
    if tried.session:
        return GiveUp(why=f"{fault.code}; a session cannot move to another provider")
    if not tried.others:
        return GiveUp(why=f"{fault.code}; no other provider can be used")
    return FailOver(why=fault.code)
