"""policy.json: 0.29's keys, and ours (allowed_workdirs, allowed_models, blocked_models, max_depth)."""

from __future__ import annotations

import msgspec
from muxwire.words import Sandbox


class Policy(msgspec.Struct, frozen=True):
    """Empty and 0 mean that nothing is said."""

    allowed_providers: tuple[str, ...] = ()
    blocked_providers: tuple[str, ...] = ()
    allowed_models: tuple[str, ...] = ()
    """Models' names, in which `*` stands for anything; so for those blocked. Case does not count in any name."""
    blocked_models: tuple[str, ...] = ()
    blocked_sandboxes: tuple[Sandbox, ...] = ()
    allowed_workdirs: tuple[str, ...] = ()
    """Absolute folders; a run works in one of them or below."""
    max_timeout: int = 0
    """Seconds."""
    max_depth: int = 0
    """Runs that may stand above a run."""
    max_calls_per_hour: int = 0
    max_calls_per_day: int = 0

    @property
    def entries(self) -> tuple[str, ...]:
        """The keys that say something."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name))
