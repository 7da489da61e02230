"""HTTP for the programs that call somebody: the one place that knows the library.

Bounded waits, TLS verified, and no redirects: they would carry a key to another place. Never loaded in the daemon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx

CONNECT_SECONDS = 15.0

Client = httpx.Client
Answer = httpx.Response
WebError = httpx.HTTPError
"""Whatever went wrong on the way; the four below are kinds of it."""
ConnectFailed = httpx.ConnectError
TimedOut = httpx.TimeoutException
ConnectTimedOut = httpx.ConnectTimeout
BadScheme = httpx.UnsupportedProtocol
BadAddress = httpx.InvalidURL


def client(read_seconds: float, headers: Mapping[str, str]) -> Client:
    """`read_seconds`: how long the other side may say nothing."""
    timeout = httpx.Timeout(CONNECT_SECONDS, read=read_seconds)
    return Client(timeout=timeout, headers=dict(headers), follow_redirects=False)


class TooLarge(Exception):
    """The other side sends more than we read."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the answer has more than {limit >> 20} MiB")


def body(answer: Answer, limit: int) -> bytes:
    """All of a streamed answer. Raises TooLarge, and WebError when it breaks off."""
    return b"\n".join(lines(answer, limit))


def lines(answer: Answer, limit: int) -> Iterator[bytes]:
    """Its lines as they come, cut at `\\n` and nowhere else; `limit` in bytes of them all. Raises as `body` does."""
    size, held = 0, bytearray()
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > limit:
            raise TooLarge(limit)
        first, *more = piece.split(b"\n")
        held += first
        for part in more:
            yield bytes(held)
            held = bytearray(part)
    yield bytes(held)
