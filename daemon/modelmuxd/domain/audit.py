"""What was decided, about which run, and who had asked for that."""

from __future__ import annotations

import msgspec

Place = tuple[float, int, int]
"""Where an entry stands: its time, its table, its key there."""


class AuditWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries; empty filters let everything pass."""

    limit: int
    before: Place | None = None
    """The last one of the page before."""
    run_id: str = ""
    kind: str = ""
    since: float = 0.0
    """Unix time."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    place: Place
    at: float
    kind: str
    """`accept` and `refuse` stand for themselves; the others are kinds of decisions."""
    text: str
    run_id: str
    provider: str
    """Who works on it by now; before anybody does, who was asked for."""
    sandbox: str
    workdir: str
    origin: str
    caller: str
    principal: str
    parent: str
