"""policy.json as the daemon sees it: read again whenever the file has changed."""

from __future__ import annotations

from pathlib import Path

from muxwire.faults import CONFIG, Fault
from muxwire.files import Unreadable, read_bounded

from modelmuxd.engine.look import Sight, sight
from modelmuxd.policy import Policy, PolicyState, gate, parse

MAX_BYTES = 256 * 1024


class PolicyFile:
    """One `stat` for each question; a read and a parse only after a change."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: Sight = None
        self._state = PolicyState(path)

    def gate(self) -> Fault | None:
        """Why nothing may be dispatched, if so."""
        seen = sight(self._path)
        if seen is None or seen != self._seen:  # what cannot be seen may be absent or out of reach: reading tells
            self._state, self._seen = read_policy(self._path), seen
        return gate(self._state)


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
    return PolicyState(path, parsed) if isinstance(parsed, Policy) else PolicyState(path, faults=parsed)
