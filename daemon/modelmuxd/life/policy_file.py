"""policy.json as the daemon sees it: read again whenever the file has changed."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from muxwire.faults import CONFIG, Fault
from muxwire.files import Unreadable, read_bounded

from modelmuxd.engine.look import Sight, sight
from modelmuxd.policy.parse import parse
from modelmuxd.policy.rules import Policy
from modelmuxd.policy.state import PolicyState

MAX_BYTES = 256 * 1024


class PolicyFile:
    """One `stat` for each question; a read and a parse only after a change.

    A file that breaks while the daemon runs leaves what it said before in force: neither an editor's half-written file
    nor a slip of the hand lifts a rule or stops all work. A daemon that starts on a broken file has nothing to keep.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: Sight = None
        self._state = read_policy(path)
        self._good: Policy | None = None if self._state.faults else self._state.policy

    def now(self) -> PolicyState:
        """The policy that holds now."""
        seen = sight(self._path)
        if seen is None or seen != self._seen:  # what cannot be seen may be absent or out of reach: reading tells
            self._state, self._seen = self._kept(read_policy(self._path)), seen
        return self._state

    def _kept(self, read: PolicyState) -> PolicyState:
        if not read.faults:
            self._good = read.policy
        elif self._good is not None:
            return msgspec.structs.replace(read, policy=self._good, kept=True)
        return read


def read_policy(path: str) -> PolicyState:
    """The policy as it stands on disk. Only a file that was never put there is an empty policy. Never raises."""
    try:
        raw = read_bounded(path, MAX_BYTES)
        if raw is None and Path(path).is_symlink():
            raise Unreadable("is a link that points nowhere")
    except Unreadable as error:
        hint = "Put a readable policy there, or nothing."
        return PolicyState(path, faults=(Fault(CONFIG, f"{path} {error}.", hint),))
    parsed = parse(raw or b"", path)
    return PolicyState(path, _real(parsed)) if isinstance(parsed, Policy) else PolicyState(path, faults=parsed)


def _real(policy: Policy) -> Policy:
    """A folder that is named through a link is the folder that it leads to."""
    return msgspec.structs.replace(policy, allowed_workdirs=tuple(map(os.path.realpath, policy.allowed_workdirs)))
