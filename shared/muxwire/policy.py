"""The policy on the wire: what it says, how much of it is used up, and what it would do with a dispatch."""

from __future__ import annotations

import msgspec

from muxwire.faults import Fault


class PolicyReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    where: str
    """The file."""
    says: dict[str, object] = {}
    """The keys that say something, as they hold now."""
    faults: tuple[Fault, ...] = ()
    """Why the file cannot be used as it stands; `says` is then what it said before, or nothing."""
    closed: bool = False
    """Nothing is dispatched: the file is broken and nothing held before."""
    calls_last_hour: int = 0
    calls_last_day: int = 0
    unknown: tuple[str, ...] = ()
    """Providers that it names and nobody knows."""


class PolicyVerdict(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    allowed: bool
    fault: Fault | None = None
    timeout: int = 0
    """Seconds that the run would have."""
    excluded: dict[str, str] = {}
    """Providers that it rules out, each with the reason."""
