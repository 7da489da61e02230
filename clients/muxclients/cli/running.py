"""What a daemon that runs already says of itself; none is started to ask."""

from __future__ import annotations

from typing import TypeVar

from muxwire.insight import Nothing
from muxwire.methods import Method
from muxwire.places import places
from muxwire.version import VERSION

from muxclients.link.blocking import over
from muxclients.link.start import connect

R = TypeVar("R")


def ask(method: Method[Nothing, R]) -> R | None:
    """None when there is no daemon. Raises FaultError when it does not answer."""
    sock = connect(places())
    if sock is None:
        return None
    with over(sock, "cli", version=VERSION) as client:
        return client.call(method, Nothing(), timeout=5)
