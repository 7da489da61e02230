"""Run ids: 128 bits, time-sortable, lower-case (a ULID: 48 bits of milliseconds, 80 random bits, Crockford base 32)."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26


def new_run_id(now: float) -> str:
    """An id for a run accepted at `now` (Unix seconds)."""
    return run_id_of(now, secrets.token_bytes(10))


def run_id_of(at: float, rest: bytes) -> str:
    """The id made of a time and of 10 bytes that no other run of that time has."""
    value = (int(at * 1000) & (1 << 48) - 1) << 80 | int.from_bytes(rest, "big")
    return "".join(ALPHABET[value >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))
