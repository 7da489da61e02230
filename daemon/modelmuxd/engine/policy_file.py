"""Reads policy.json. Whatever goes wrong is a fault in the state, and the gate then refuses all work."""

from __future__ import annotations

from muxwire.faults import CONFIG, Fault
from muxwire.files import Unreadable, read_bounded

from modelmuxd.policy import Policy, PolicyState, parse

MAX_BYTES = 256 * 1024


def read_policy(path: str) -> PolicyState:
    """The policy as it stands on disk. Blocks on the disk; never raises."""
    try:
        raw = read_bounded(path, MAX_BYTES)
    except Unreadable as error:
        hint = "Put a readable policy there, or nothing."
        return PolicyState(path, faults=(Fault(CONFIG, f"{path} {error}.", hint),))
    parsed = parse(raw or b"", path)
    return PolicyState(path, parsed) if isinstance(parsed, Policy) else PolicyState(path, faults=parsed)
