"""What a handler is given besides its parameters: who asks, and how to stream and to ask back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import anyio
from anyio.lowlevel import checkpoint
from muxwire import protocol
from muxwire.line import Line
from muxwire.peer import Peer
from muxwire.protocol import Hello, Named, Need

from modelmuxd.edge.answer import Answer, encode
from modelmuxd.edge.feeds import Feeds


class Call:
    """One call as its handler sees it. Cancelled by the client's `Cancel` and when the client hangs up."""

    def __init__(self, asked: protocol.Call, params: Any, hello: Hello, peer: Peer, line: Line, answer: Answer) -> None:
        self.id = asked.id
        self.method = asked.method
        self.view = asked.view
        """How the caller wants it rendered; None for a program."""
        self.hello = hello
        self.peer = peer
        self.params = params
        self.answer = answer
        self.dropped = False
        """Whether the caller has sent a `Cancel`."""
        self.feeds = Feeds(line)
        self._line = line
        self._asking = anyio.Lock()
        self._supplied: anyio.Event | None = None
        self._values: dict[str, str] = {}
        self._hears = True

    async def event(self, value: Any) -> None:
        """Streams one event. Waits while the caller is behind with reading: pull what comes next, do not queue."""
        for body in self.answer.event(value):
            await self._line.send(body)
        await checkpoint()  # a caller that keeps up must not let an endless stream hold the loop

    @property
    def left(self) -> bool:
        """Whether the caller wants no answer any more: it has cancelled the call or hung up. False when we end it."""
        return self.dropped or self._line.left

    async def named(self, run_id: str) -> None:
        """Tells a caller that only prints which run it follows; a program reads that in the events."""
        if self.view is not None and "named" in self.hello.features:
            await self._line.send(encode(Named(self.id, run_id)))

    async def need(self, names: Collection[str], *, timeout: float = 10.0) -> dict[str, str]:
        """Asks the caller for environment values; gives those it has.

        Empty when the caller cannot be asked or does not answer within `timeout` seconds.
        """
        if "need" not in self.hello.features or not names:
            return {}
        async with self._asking:
            if not self._hears:
                return {}
            self._supplied, self._values = anyio.Event(), {}
            await self._line.send(encode(Need(self.id, tuple(names))))
            with anyio.move_on_after(timeout):
                await self._supplied.wait()
            return {name: self._values[name] for name in names if name in self._values}

    def supply(self, values: dict[str, str]) -> None:
        """The caller's answer to `need`; unasked or late it is dropped."""
        if self._supplied is not None and not self._supplied.is_set():
            self._values = values
            self._supplied.set()

    def hears_no_more(self) -> None:
        """Nothing further can come from the caller, though it may still listen."""
        self._hears = False
        self.supply({})
        self.feeds.close()
