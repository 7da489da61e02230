"""What the runner is to start."""

from __future__ import annotations

from typing import Literal

import msgspec
from muxwire.words import Enforcement


class PlacedFile(msgspec.Struct, frozen=True):
    """A file to lie in the attempt's folder before the agent starts; mode 0600."""

    name: str
    content: bytes


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """One process to start: a list, never a shell string. The prompt travels by stdin where the CLI allows."""

    argv: tuple[str, ...]
    stdin: bytes = b""
    files: tuple[PlacedFile, ...] = ()
    env: dict[str, str] = {}
    """Set for the child on top of the caller's environment; no secrets."""
    env_names: tuple[str, ...] = ()
    """Variables of the caller's that the child needs (keys, base URLs); the child gets no other provider's."""
    env_aliases: dict[str, str] = {}
    """name for the child -> name at the caller, for a profile's `api_key_env`."""
    stop_signal: Literal["INT", "TERM"] = "TERM"
    """What the CLI ends cleanly on."""
    enforced: Enforcement = "none"
    """How the sandbox word is kept."""


class Exit(msgspec.Struct, frozen=True):
    """How the process ended. `code` as the shell gives it (128 + n for signal n); None when it vanished without one."""

    code: int | None
    canceled: bool = False
    timed_out: bool = False
    output_limit: bool = False
