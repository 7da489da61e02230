"""An MCP session on the wire: a shim's lines go up as `Feed`s of one call and come down as its events.

The shim knows no MCP. It numbers the lines of its client from 1 and keeps each until the daemon says that it is
settled: answered, or nothing that needs an answer. When the daemon is gone it asks the next one, and sends first the
lines that it was told to keep for good (the handshake), as replays whose answers the client has had, then those not
settled. The nonce and the number are the idempotency key of what a line asks: a task sent again is the same run.
"""

from __future__ import annotations

import msgspec

from muxwire.runs import CallerEnv


class McpParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who feeds: one shim process, which stays the same over many daemons."""

    nonce: str
    workdir: str
    """Its current folder: where tasks that name none are done."""
    env: CallerEnv = CallerEnv()


class McpLine(msgspec.Struct, frozen=True, array_like=True):
    """A piece of a line for the client, and what it settles. An empty one only settles."""

    data: bytes = b""
    more: bool = False
    """Whether the line goes on in the next event; nothing is written before it is whole."""
    settled: int = 0
    """The number of the client's line that need not be sent again; 0 for none."""
    keep: bool = False
    """That line belongs to the handshake: it is replayed to every further daemon."""
