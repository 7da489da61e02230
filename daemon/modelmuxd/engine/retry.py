"""What follows a fault: a pure decision over the fault, what was tried, and the task's settings.

| fault | what follows |
|---|---|
| auth, not_installed, invalid_request, refused, sandbox_denied | another provider, else give up; never the same again |
| rate_limit, quota | the account cools down for everybody; another provider, else park until the limit ends |
| overloaded, transient, crashed | the same again after a random delay, up to max_retries; then another provider |
| context_too_long | another provider whose window is known to be larger, else give up |
| timeout | as `limits.on_timeout` says; give up when it says nothing |
| needs_input | park until somebody answers, where there is a session to answer into |
| canceled, output_limit, worktree, verify | give up |
| lost | the same again when it cannot have changed anything, else give up |
| unstarted | the same again, unless daemon after daemon ends while it starts it |

A session lives at one provider: its runs never fail over.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import takewhile

import msgspec
from muxwire.faults import LOST, UNSTARTED, VERIFY, WORKTREE, Fault
from muxwire.settings.model import OnTimeout

from modelmuxd.domain.decision import FailOver, GiveUp, Next, Park, RetryAt
from modelmuxd.engine.health import LIMITS, states_its_end, waiting_for
from modelmuxd.engine.times import at

RETRIED: frozenset[str] = frozenset({"overloaded", "transient", "crashed"})
"""Kinds that the same provider may get over by itself."""

FREE: frozenset[str] = frozenset({*LIMITS, "needs_input", UNSTARTED})
"""Kinds whose attempts do not count against max_retries: the agent did not get to work, or waits for an answer."""

BACKOFF_BASE = 2.0
BACKOFF_CAP = 60.0
LOST_AGAIN = 3
"""Attempts that may be lost before a run is given up, where repeating it is safe."""
STARTS = 10
"""Times in a row that the daemon may end while it starts a run: by then it may be the run that ends it."""
GUESSES = 8
"""Times in a row that a limit with no stated end is waited for."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run stands after a failed attempt."""

    provider: str = ""
    same_provider: int
    """Attempts at this provider so far that count, this one included."""
    max_retries: int
    """Attempts per provider in all."""
    failover: bool
    session: bool
    """The task goes on with a session, which lives at one provider."""
    answerable: bool = False
    """The attempt left a session into which an answer can be sent."""
    elsewhere: float | None = None
    """Unix time from which another provider can take it, past when one can now; None: nobody else."""
    larger: bool = False
    """Another provider is known to have a larger window."""
    repeatable: bool = False
    """A lost attempt changed nothing: it was read-only or isolated, so it may be repeated without asking."""
    unstarted: int = 0
    """Attempts in a row, this one included, before whose start the daemon ended."""
    limited: int = 0
    """Attempts in a row, this one included, that met a limit with no stated end."""
    limit_until: float = 0.0
    """Unix time at which the limit that was met ends, or is guessed to."""
    on_timeout: OnTimeout = "give up"
    now: float = 0.0
    deadline: float | None = None
    """Unix time by which the run must have ended."""

    def in_time(self, at: float) -> bool:
        return self.deadline is None or at < self.deadline


Jitter = Callable[[], float]
"""Uniform in [0, 1)."""


def decide(fault: Fault, tried: Tried, *, jitter: Jitter = random.random) -> Next:
    """Retry, fail over, park or give up; the reason is for the user. Nothing is started past the deadline."""
    return TABLE.get(fault.code, _move)(fault, tried, jitter)


def _move(fault: Fault, tried: Tried, jitter: Jitter) -> Next:
    """Another provider, never the same one."""
    if tried.session:
        return GiveUp(f"{fault.code}; a session cannot move to another provider")
    if not tried.failover:
        return GiveUp(f"{fault.code}; failover is off")
    if tried.elsewhere is None:
        return GiveUp(f"{fault.code}; no other provider can be used")
    if not tried.in_time(max(tried.elsewhere, tried.now)):
        return GiveUp(f"{fault.code}; no other provider can be used before the deadline")
    return FailOver(fault.code)


def _larger(fault: Fault, tried: Tried, jitter: Jitter) -> Next:
    after = _move(fault, tried, jitter)
    if isinstance(after, FailOver) and not tried.larger:
        return GiveUp(
            f"{fault.code}; no other provider is known to have a larger window",
            "Send less: name the files that matter, or split the task.",
        )
    return after


def _backoff(fault: Fault, tried: Tried, jitter: Jitter) -> Next:
    """Exponential backoff with full jitter (Brooker 2015): a random delay up to `BACKOFF_BASE * 2**n`, never less than
    what the provider asked for."""
    if tried.same_provider >= tried.max_retries:
        return _move(fault, tried, jitter)
    random_delay = jitter() * min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** (tried.same_provider - 1))
    delay = max(_asked(fault, tried), random_delay)
    if not tried.in_time(tried.now + delay):
        return _move(fault, tried, jitter)
    return RetryAt(delay, f"{fault.code}: attempt {tried.same_provider + 1} of {tried.max_retries}")


def _asked(fault: Fault, tried: Tried) -> float:
    if fault.resets_at is not None:
        return max(0.0, fault.resets_at - tried.now)
    return fault.retry_after or 0.0


def _limit(fault: Fault, tried: Tried, jitter: Jitter) -> Next:
    until, other = tried.limit_until, tried.elsewhere
    if tried.session or not tried.failover:
        other = None
    if other is not None and other <= tried.now and tried.in_time(tried.now):
        return FailOver(f"{fault.code} until {at(until, tried.now)}")
    if tried.limited > GUESSES:
        return GiveUp(f"{fault.code} {tried.limited} times in a row, and nobody says until when")
    soonest = max(tried.now, until if other is None else min(until, other))
    if not tried.in_time(soonest):
        return GiveUp(f"{fault.code} until {at(until, tried.now)}, which is past the deadline")
    word = waiting_for(fault.code)
    return Park(word, f"{word} until {at(soonest, tried.now)}: {tried.provider}", soonest, f"{fault.code}: it waits")


def _timeout(fault: Fault, tried: Tried, jitter: Jitter) -> Next:
    if tried.on_timeout == "retry" and tried.same_provider < tried.max_retries and tried.in_time(tried.now):
        return RetryAt(0.0, f"timeout: attempt {tried.same_provider + 1} of {tried.max_retries}")
    if tried.on_timeout == "give up":
        return GiveUp("timeout ends a run, unless limits.on_timeout says otherwise")
    return _move(fault, tried, jitter)


def _ask(fault: Fault, tried: Tried, jitter: Jitter) -> Next:
    if not tried.answerable:
        return GiveUp("needs_input, and it left no session to answer into", "Send the task again, with the answer.")
    return Park("input", f"input: {fault.message}", None, "it waits for an answer")


def _end(fault: Fault, tried: Tried, jitter: Jitter) -> Next:
    return GiveUp(f"{fault.code} ends a run")


def _after_loss(fault: Fault, tried: Tried, jitter: Jitter) -> Next:
    if not tried.repeatable:
        return GiveUp("lost, and it may have changed files: `muxctl retry` when you have looked")
    if tried.same_provider >= LOST_AGAIN:
        return GiveUp(f"lost {tried.same_provider} times")
    return RetryAt(0.0, "lost; it could change nothing of yours, so it is repeated")


def _start_again(fault: Fault, tried: Tried, jitter: Jitter) -> Next:
    if tried.unstarted >= STARTS:
        return GiveUp(f"the daemon has ended {tried.unstarted} times in a row while it started this")
    return RetryAt(0.0, "nothing was run, so it is started again")


TABLE: dict[str, Callable[[Fault, Tried, Jitter], Next]] = {
    "auth": _move,
    "not_installed": _move,
    "invalid_request": _move,
    "refused": _move,
    "sandbox_denied": _move,
    "rate_limit": _limit,
    "quota": _limit,
    "overloaded": _backoff,
    "transient": _backoff,
    "crashed": _backoff,
    "context_too_long": _larger,
    "timeout": _timeout,
    "needs_input": _ask,
    "canceled": _end,
    "output_limit": _end,
    LOST: _after_loss,
    UNSTARTED: _start_again,
    WORKTREE: _end,
    VERIFY: _end,
}


def counted(faults: Sequence[Fault]) -> int:
    """How many of one provider's attempts count against max_retries."""
    return sum(fault.code not in FREE for fault in faults)


def guesses(faults: Sequence[Fault]) -> int:
    """How many of one provider's last attempts, in a row, met a limit with no stated end."""
    return _last(faults, lambda fault: fault.code in LIMITS and not states_its_end(fault))


def unstarted(faults: Sequence[Fault]) -> int:
    """Before how many of one provider's last attempts, in a row, the daemon ended."""
    return _last(faults, lambda fault: fault.code == UNSTARTED)


def _last(faults: Sequence[Fault], alike: Callable[[Fault], bool]) -> int:
    return sum(1 for _ in takewhile(alike, reversed(faults)))


def eligible(faults: Sequence[Fault], max_retries: int, on_timeout: OnTimeout = "give up") -> bool:
    """Whether a provider may be tried (again) after these faults of its attempts, oldest first: the same rule as
    `decide`, read back from the record after a restart. When, its account's cooldown says."""
    if not faults:
        return True
    last = faults[-1].code
    if last in LIMITS:
        return guesses(faults) <= GUESSES
    if last == LOST:
        return counted(faults) < LOST_AGAIN
    if last == UNSTARTED:
        return unstarted(faults) < STARTS
    again = last in RETRIED or (last == "timeout" and on_timeout == "retry")
    return last == "needs_input" or (again and counted(faults) < max_retries)
