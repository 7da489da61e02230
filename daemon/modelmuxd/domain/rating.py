"""What a user thinks of a run's answer."""

from __future__ import annotations

import msgspec

from modelmuxd.domain.knowledge import Judged


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """One for each run: the newest."""

    run_id: str
    at: float
    provider: str
    rating: int
    """1 to 5."""
    comment: str = ""
    judged: Judged
    """What routing is told by it."""
