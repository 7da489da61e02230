"""policy.json as 0.29 writes it: who may be asked, in which sandbox, for how long and how often."""

from __future__ import annotations

import msgspec
from muxwire.words import Sandbox


class Policy(msgspec.Struct, frozen=True):
    """Empty and 0 mean that nothing is said."""

    allowed_providers: tuple[str, ...] = ()
    blocked_providers: tuple[str, ...] = ()
    blocked_sandboxes: tuple[Sandbox, ...] = ()
    max_timeout: int = 0
    """Seconds."""
    max_calls_per_hour: int = 0
    max_calls_per_day: int = 0

    @property
    def entries(self) -> tuple[str, ...]:
        """The keys that say something."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name))

    @property
    def has_entries(self) -> bool:
        return bool(self.entries)
