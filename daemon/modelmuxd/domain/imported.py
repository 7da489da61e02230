"""What is taken over from another version: a line of one of its files, and what the record makes of it."""

from __future__ import annotations

import msgspec


class OldRating(msgspec.Struct, frozen=True, kw_only=True):
    """A user's 1 to 5 for a run by the id that it had there."""

    old_id: str
    at: float
    provider: str
    rating: int
    comment: str = ""
