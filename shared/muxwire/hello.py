"""The first two frames: who speaks, which protocol both know, which features. Pure.

>>> negotiate(hello("cli", version="0.1.0"), version="0.1.0", pid=7)
Welcome(protocol=1, version='0.1.0', features=('view', 'chunk', 'need', 'named'), pid=7)
"""

from __future__ import annotations

from muxwire.faults import PROTOCOL as PROTOCOL_FAULT
from muxwire.faults import Fault
from muxwire.protocol import FEATURES, MAGIC, MIN_PROTOCOL, PROTOCOL, Hello, Refused, Welcome


def hello(role: str, *, version: str) -> Hello:
    """How a client of this version introduces itself; `version` is the program's, for the daemon's log and hints."""
    return Hello(MAGIC, PROTOCOL, MIN_PROTOCOL, version, FEATURES, role)


def negotiate(
    hello: Hello,
    *,
    version: str,
    pid: int,
    protocol: int = PROTOCOL,
    min_protocol: int = MIN_PROTOCOL,
    features: tuple[str, ...] = FEATURES,
) -> Welcome | Refused:
    """The daemon's answer: the newest protocol that both speak and the features that both know, in our order.

    `version` and `pid` are the daemon's own. Refuses a stranger's magic and a client with no protocol in common.
    """
    if hello.magic != MAGIC:
        return refused("This is modelmux's socket, and the caller does not speak its protocol.", "Use muxctl.")
    agreed = min(hello.protocol, protocol)
    if agreed < min_protocol:
        return refused(
            f"Client {hello.version} speaks protocol {hello.protocol}; daemon {version} needs {min_protocol} or later.",
            "Update the client: the daemon belongs to a newer installation.",
        )
    if agreed < hello.min_protocol:
        return refused(
            f"Daemon {version} speaks protocol {protocol}; client {hello.version} needs {hello.min_protocol} or later.",
            "Run `muxctl daemon restart`.",
        )
    return Welcome(agreed, version, tuple(name for name in features if name in hello.features), pid)


def refused(message: str, hint: str) -> Refused:
    """The answer to a peer that does not speak as agreed; the daemon hangs up after it."""
    return Refused(Fault(PROTOCOL_FAULT, message, hint))
