"""The policy file as it was found, and what holds while it is broken."""

from __future__ import annotations

import msgspec
from muxwire.faults import POLICY, Fault

from modelmuxd.policy.rules import Policy


class PolicyState(msgspec.Struct, frozen=True):
    """An absent file is an empty policy."""

    where: str
    """The file."""
    policy: Policy = Policy()
    """What holds."""
    faults: tuple[Fault, ...] = ()
    """Why the file cannot be used as it stands."""
    kept: bool = False
    """Whether what holds is what the file said before it broke."""


def closed(state: PolicyState) -> Fault | None:
    """Why every dispatch is refused: a broken policy, and none that held before."""
    if not state.faults or state.kept:
        return None
    text = f"The policy is broken, so nothing is dispatched. {_told(state)}"
    return Fault(POLICY, text, f"{state.faults[0].hint} The file is {state.where}.")


def notice(state: PolicyState) -> Fault | None:
    """What the user should know of the policy now."""
    if state.faults and state.kept:
        text = f"The policy is broken; what it said before still holds. {_told(state)}"
        return Fault(POLICY, text, f"{state.faults[0].hint} See `muxctl policy check`.")
    return closed(state)


def _told(state: PolicyState) -> str:
    first, *others = state.faults
    return first.message + (f" ({len(others)} more)" if others else "")
