"""HTTP for the programs that call somebody: the one place that knows the library.

Bounded waits, TLS verified, and no redirects: they would carry a key to another place. Never loaded in the daemon.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

CONNECT_SECONDS = 15.0

Client = httpx.Client
Answer = httpx.Response
WebError = httpx.HTTPError
"""Whatever went wrong on the way; the two below are kinds of it."""
ConnectFailed = httpx.ConnectError
TimedOut = httpx.TimeoutException
BadAddress = httpx.InvalidURL


def client(read_seconds: float, headers: Mapping[str, str]) -> Client:
    """`read_seconds`: how long the other side may say nothing."""
    timeout = httpx.Timeout(CONNECT_SECONDS, read=read_seconds)
    return Client(timeout=timeout, headers=dict(headers), follow_redirects=False)
