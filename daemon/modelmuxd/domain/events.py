"""What an adapter's reader gives while bytes come in.

The answer of an attempt is its last `Message`; where there is none, its `Delta`s joined.
"""

from __future__ import annotations

import msgspec

from modelmuxd.domain.usage import Usage


class Started(msgspec.Struct, frozen=True, tag=True):
    session: str = ""
    model: str = ""


class Delta(msgspec.Struct, frozen=True, tag=True):
    """A piece of the message that is forming."""

    text: str


class Message(msgspec.Struct, frozen=True, tag=True):
    """A whole message of the agent's, byte-exact. When deltas of it came before, it repeats them."""

    text: str


class Tool(msgspec.Struct, frozen=True, tag=True):
    name: str
    status: str = ""
    """started, completed or failed."""
    detail: str = ""
    """One short line: a command, a path."""


class UsageRead(msgspec.Struct, frozen=True, tag=True):
    usage: Usage


class Limit(msgspec.Struct, frozen=True, tag=True):
    """The provider speaks of a limit: what kind, and when it ends where it says so."""

    kind: str
    text: str
    retry_after: float | None = None
    resets_at: float | None = None


class Notice(msgspec.Struct, frozen=True, tag=True):
    """Something worth keeping that is none of the above: a warning, a retry inside the CLI, a strange line."""

    text: str


Event = Started | Delta | Message | Tool | UsageRead | Limit | Notice
