"""What became of one attempt."""

from __future__ import annotations

import msgspec
from muxwire.faults import Fault

from modelmuxd.domain.bill import Billing
from modelmuxd.domain.usage import Usage


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict: success when `fault` is None.

    Success needs the provider's own terminal event: an agent on a full disk can exit 0 with an empty spool.
    """

    fault: Fault | None = None
    session: str = ""
    model: str = ""
    usage: Usage | None = None
    cost_micros: int | None = None
    """Micro-dollars as the CLI itself reports them for this attempt; None when it says nothing."""
    billing: Billing = "unknown"
    """Who pays, where the CLI itself tells which credential it used."""
    elsewhere: bool = False
    """What was asked is under way where we are not, by the name of `session`: the next attempt takes it up by that
    (`Request.left`), and nothing is asked twice."""

    @property
    def success(self) -> bool:
        return self.fault is None
