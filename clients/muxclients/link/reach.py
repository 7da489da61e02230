"""A greeted client, whatever it takes: start the daemon, come again when it was just ending, replace an older one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping

from muxwire.faults import UNREACHABLE, FaultError
from muxwire.insight import Nothing, ShutdownParams
from muxwire.methods import FACTS, SHUTDOWN
from muxwire.places import places
from muxwire.version import VERSION

from muxclients.link.blocking import Client, over
from muxclients.link.core import Supplier
from muxclients.link.skew import decide
from muxclients.link.start import PATIENCE, ensure_daemon


def reach(
    role: str, *, env: Mapping[str, str] = os.environ, version: str = VERSION, supplier: Supplier | None = None
) -> Client:
    """A client of a daemon of our version, or of another with one line about it on stderr.

    Raises FaultError as `ensure_daemon` and `blocking.connect` do.
    """
    client = _greet(role, env, version, supplier)
    if client.welcome.version == version or not _replaced(client, version):
        return client
    return _greet(role, env, version, supplier)


def _greet(role: str, env: Mapping[str, str], version: str, supplier: Supplier | None) -> Client:
    """A daemon that ends hangs up on those it has not greeted. They asked nothing yet, so they may come again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        sock = ensure_daemon(places(env), env=env)
        try:
            return over(sock, role, version=version, supplier=supplier)
        except FaultError as error:
            if error.fault.code != UNREACHABLE or time.monotonic() > deadline:
                raise


def _replaced(client: Client, version: str) -> bool:
    """Whether the daemon was asked to go in favour of our version."""
    facts = client.call(FACTS, Nothing(), timeout=PATIENCE)
    busy = bool(facts.running or facts.waiting)
    action, notice = decide(version, client.welcome.version, busy=busy, supervised=bool(facts.supervised))
    if action == "replace":
        with client:
            client.call(SHUTDOWN, ShutdownParams(), timeout=PATIENCE)
        return True
    if notice:
        print(f"muxctl: {notice}", file=sys.stderr)
    return False
