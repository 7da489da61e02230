"""How long a session waits for its peer and how much it lets one have."""

from __future__ import annotations

import msgspec
from muxwire.line import STALL
from muxwire.protocol import HELLO_TIMEOUT


class Bounds(msgspec.Struct, frozen=True):
    """Seconds and counts. The defaults are what users get; tests make them small."""

    hello: float = HELLO_TIMEOUT
    stall: float = STALL
    strangers: int = 128
    """Connections that have not said hello yet; the oldest is hung up on, since an honest one needs a millisecond."""
    calls: int = 1024
    """Calls in flight on one connection: more than 200 dispatches at once, less than what hurts."""
    hang_up_check: float = 1.0
    """Between looks whether a half-closed peer, of which no selector tells us more, is still there."""


USUAL = Bounds()
