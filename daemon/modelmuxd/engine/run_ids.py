"""Run ids: 128 bits, time-sortable, lower-case (a ULID: 48 bits of milliseconds, 80 random bits, Crockford base 32)."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26


def new_run_id(now: float) -> str:
    """An id for a run accepted at `now` (Unix seconds)."""
    value = (int(now * 1000) & (1 << 48) - 1) << 80 | secrets.randbits(80)
    return "".join(ALPHABET[value >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))
