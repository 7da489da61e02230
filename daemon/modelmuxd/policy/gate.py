"""Whether anything may be dispatched at all under the policy as it was read.

Policy is not enforced yet. Until it is, a policy that says something refuses all work: to run under a rule that nobody
checks would be worse. The phases that replace this stand in the design ("Life of a dispatch").
"""

from __future__ import annotations

import msgspec
from muxwire.faults import POLICY, Fault

from modelmuxd.policy.rules import Policy


class PolicyState(msgspec.Struct, frozen=True):
    """The policy file as it was found. An absent file is an empty policy."""

    where: str
    """The file."""
    policy: Policy = Policy()
    faults: tuple[Fault, ...] = ()
    """Why the file cannot be used; then `policy` says nothing and means nothing."""


def gate(state: PolicyState) -> Fault | None:
    """Why every dispatch is refused, or None."""
    if state.faults:
        first, *others = state.faults
        more = f" ({len(others)} more)" if others else ""
        text = f"The policy is broken, so nothing is dispatched. {first.message}{more}"
        return Fault(POLICY, text, f"{first.hint} The file is {state.where}.")
    if state.policy.has_entries:
        said = ", ".join(state.policy.entries)
        text = f"The policy says {said}, which this version cannot enforce yet; so nothing is dispatched."
        return Fault(POLICY, text, f"To dispatch without a policy, move {state.where} away or write {{}} into it.")
    return None
