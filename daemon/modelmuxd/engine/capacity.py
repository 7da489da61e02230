"""How many agents a machine can hold, where the user has not said: an agent takes 0.2 to 1 GB (measured)."""

from __future__ import annotations

from collections.abc import Container

import msgspec
from muxwire.settings.model import Limits

AGENT = 1 << 30
"""Bytes that one agent takes at most, its tools aside."""
LEAST = 2
"""A nested run and the one that asked for it."""


def fitted(limits: Limits, said: Container[str], memory: int) -> Limits:
    """The limits for a machine with so many bytes of memory; what the user said (`running` …) stands.

    The defaults are the upper bound: a large machine does not make for a large bill.
    """
    room = max(LEAST, memory // AGENT)
    running = limits.running if "running" in said else min(limits.running, room)
    each = limits.per_provider if "per_provider" in said else min(limits.per_provider, running)
    return msgspec.structs.replace(limits, running=running, per_provider=each)
