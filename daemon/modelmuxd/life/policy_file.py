"""policy.json as the daemon sees it: read again whenever the file has changed."""

from __future__ import annotations

from pathlib import Path

from muxwire.faults import POLICY, Fault
from muxwire.files import Unreadable, read_bounded

from modelmuxd.policy import PolicyState, gate, parse

MAX_BYTES = 1024 * 1024


class PolicyFile:
    """One `stat` for each question; a read and a parse only after a change."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._state = PolicyState(path)

    def gate(self) -> Fault | None:
        """Why nothing may be dispatched, if so."""
        seen = _sight(self._path)
        if seen != self._seen:
            self._state, self._seen = _read(self._path), seen
        return gate(self._state)


def _sight(path: str) -> tuple[int, int, int] | None:
    try:
        info = Path(path).stat()
    except OSError:
        return None
    return info.st_ino, info.st_mtime_ns, info.st_size


def _read(path: str) -> PolicyState:
    try:
        raw = read_bounded(path, MAX_BYTES)
    except Unreadable as error:
        return PolicyState(path, faults=(Fault(POLICY, f"{path} {error}.", "Put a readable policy.json there."),))
    if raw is None:
        return PolicyState(path)
    parsed = parse(raw)
    return PolicyState(path, faults=tuple(parsed)) if isinstance(parsed, list | tuple) else PolicyState(path, parsed)


