"""A run that measures its agent."""

from __future__ import annotations

import msgspec


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """Which task of a benchmark a run does, and what checks its work instead of the project's own command."""

    name: str
    kind: str
    """The kind of work, as routing names it."""
    check: tuple[str, ...]
    """Program and arguments, run in its worktree; exit code 0 means good."""
    timeout: int
    """Seconds that the check may take."""
