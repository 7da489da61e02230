"""What an attempt's end says of its account, for all who use it: a cooldown, and the health its circuit counts."""

from __future__ import annotations

from typing import Literal

from muxwire.faults import VERIFY, Fault
from muxwire.words import WaitReason

from modelmuxd.domain.account import Cooldown

BAD: frozenset[str] = frozenset({"overloaded", "transient", "crashed"})
"""Kinds that the provider, not the task, is to blame for. Enough of them in a row open the circuit."""

LIMITS: dict[str, tuple[float, float]] = {"rate_limit": (30.0, 900.0), "quota": (900.0, 14_400.0)}
"""Seconds that a limit lasts whose end nobody states, and the most that it grows to when it is met again and again."""

SHORTEST = 1.0
"""Seconds: a reset that is stated as now, or as past, is still not tried at once."""
LONGEST = 90 * 86_400.0
"""No limit lasts longer than a quarter: a later reset is a misreading, or a server that wants to be left alone."""


def health(fault: Fault | None) -> Literal["", "good", "bad"]:
    """Empty for what says nothing of the account: a cancel, a wrong request, a limit (which cools it down)."""
    if fault is None or fault.code == VERIFY:
        return "good"
    return "bad" if fault.code in BAD else ""


def states_its_end(fault: Fault) -> bool:
    return fault.retry_after is not None or fault.resets_at is not None


def limit_end(fault: Fault, now: float, met: int) -> float:
    """Unix time at which a limit ends: as stated, else a guess that doubles with each time in a row it was met."""
    if fault.resets_at is not None:
        return min(max(fault.resets_at, now + SHORTEST), now + LONGEST)
    if fault.retry_after is not None:
        return now + max(fault.retry_after, SHORTEST)
    first, most = LIMITS[fault.code]
    return now + min(most, first * 2.0 ** min(met - 1, 16))


def cooldown(fault: Fault | None, *, account: str, provider: str, now: float, met: int) -> Cooldown | None:
    """What holds for everybody from this end on. An overload counts only where the provider says how long."""
    if fault is None:
        return None
    match fault.code:
        case ("rate_limit" | "quota") as kind:
            until = limit_end(fault, now, met)
        case "overloaded" as kind if states_its_end(fault):
            until = limit_end(fault, now, met)
        case _:
            return None
    return Cooldown(account=account, provider=provider, until=until, kind=kind, text=fault.message)


def waiting_for(kind: str) -> WaitReason:
    """The word for a run that waits for such a limit."""
    return "quota" if kind == "quota" else "cooldown"
