"""More input for a call in flight: pieces of numbered lines, put together. The peer waits when they are not taken."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import anyio
from muxwire.line import Line
from muxwire.protocol import Feed

AHEAD = 1024 * 1024
"""Bytes that may lie here untaken before the peer has to wait."""
LONGEST = 64 * 1024 * 1024
"""Bytes of one line."""


class Fed(NamedTuple):
    """One whole line."""

    number: int
    data: bytes
    replay: bool
    age: float
    """Seconds since its author wrote it."""


class Feeds:
    """The lines of one call, in order. Iteration ends when the peer has said that no more will come."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._lines: deque[Fed] = deque()
        self._piece = bytearray()
        self._held = 0
        self._come = anyio.Event()
        self._over = False
        self.cut = False
        """Whether they ended because we end or the peer is gone, not because it said so."""

    def put(self, feed: Feed) -> None:
        """Called from the ear; must not wait. What is longer than LONGEST comes as its beginning, which is no JSON."""
        if not feed.number:
            self._end()
            return
        self._piece += feed.data[: LONGEST - len(self._piece)]
        if not feed.more:
            self._lines.append(Fed(feed.number, bytes(self._piece), feed.replay, feed.age))
            self._held += len(self._piece)
            self._piece.clear()
            self._come.set()
        if self._held > AHEAD:
            self._line.hold()

    def close(self) -> None:
        """No more will come, though the peer has not said so."""
        if not self._over:
            self.cut = True
            self._end()

    def __aiter__(self) -> Feeds:
        return self

    async def __anext__(self) -> Fed:
        while not self._lines:
            if self._over:
                raise StopAsyncIteration
            self._come = anyio.Event()
            await self._come.wait()
        fed = self._lines.popleft()
        self._held -= len(fed.data)
        if self._held <= AHEAD and not self.cut:
            self._line.read_on()
        return fed

    def _end(self) -> None:
        self._over = True
        self._come.set()
