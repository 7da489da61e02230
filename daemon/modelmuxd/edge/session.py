"""One connection from its hello to its end: hears messages, hands calls on, answers what it cannot read."""

from __future__ import annotations

import os

import anyio
import msgspec
from anyio.abc import TaskGroup
from muxwire import protocol
from muxwire.framing import MAX_FRAME, FrameError
from muxwire.hello import negotiate, refused
from muxwire.line import Line
from muxwire.peer import Peer
from muxwire.protocol import HELLO_LIMIT, Cancel, Feed, FromClient, Hello, Refused, Supply

from modelmuxd.edge.answer import encode
from modelmuxd.edge.inflight import InFlight, complain
from modelmuxd.edge.serving import Serving
from modelmuxd.edge.table import UNREADABLE

decode = msgspec.msgpack.Decoder(FromClient).decode
decode_hello = msgspec.msgpack.Decoder(Hello).decode


class Session:
    """What one client has going on; the ear of its line. `greet`, then `serve`, after the line is open."""

    def __init__(self, serving: Serving, peer: Peer, tasks: TaskGroup) -> None:
        self.line = Line(self, limit=HELLO_LIMIT, answering=True, stall=serving.bounds.stall)
        self._serving = serving
        self._peer = peer
        self._tasks = tasks
        self._calls: InFlight | None = None
        self._greeted = anyio.Event()
        self._over = anyio.Event()

    async def greet(self) -> bool:
        """Waits for the hello. False when the peer is to be hung up on."""
        with anyio.move_on_after(self._serving.bounds.hello) as patience:
            await self._greeted.wait()
        if patience.cancelled_caught:
            self._refuse(refused(f"No hello within {self._serving.bounds.hello:g} s.", "Use muxctl."))
        return self._calls is not None

    async def serve(self) -> None:
        """Until the peer has hung up, or has sent its last and has been answered."""
        await self._over.wait()
        if self._calls:
            await self._calls.last_answers()

    def drain(self) -> None:
        """Hears no more: the session ends when the calls in flight have been answered."""
        self.line.hold()
        self.ended()

    # What the line tells.

    def heard(self, body: bytes) -> None:
        if self._over.is_set():
            return
        if self._calls is None:
            self._meet(body)
            return
        try:
            message = decode(body)
        except UNREADABLE as error:
            self._unreadable(body, error)
        else:
            self._take(message, self._calls)

    def garbled(self, error: FrameError) -> None:
        self._refuse(refused(f"Not a frame of ours: {error}.", "Use muxctl, or update the client."))

    def ended(self) -> None:
        self._greeted.set()
        self._over.set()

    def _meet(self, body: bytes) -> None:
        """The hello."""
        try:
            hello = decode_hello(body)
        except UNREADABLE:
            self._refuse(refused("The caller does not speak modelmux's protocol.", "Use muxctl."))
            return
        serving = self._serving
        answer = negotiate(hello, version=serving.version, pid=os.getpid(), features=serving.features)
        if isinstance(answer, Refused):
            self._refuse(answer)
            return
        self._calls = InFlight(serving, hello, self._peer, self.line, self._tasks)
        self.line.limit = MAX_FRAME
        self.line.post(encode(answer))
        self._greeted.set()

    def _refuse(self, refusal: Refused) -> None:
        """The last word to a peer that does not speak as agreed."""
        self.line.post(encode(refusal))
        if self._calls:
            self._calls.cancel_all()
        self.ended()

    def _take(self, message: FromClient, calls: InFlight) -> None:
        if isinstance(message, protocol.Call):
            calls.begin(message)
        elif isinstance(message, Cancel):
            calls.cancel(message.id)
        elif isinstance(message, Supply):
            calls.supply(message.id, message.values)
        elif isinstance(message, Feed):
            calls.feed(message)
        else:
            complain(self.line, 0, "There is one hello per connection.")

    def _unreadable(self, body: bytes, error: Exception) -> None:
        try:
            stub = msgspec.msgpack.decode(body, type=_Stub)
        except UNREADABLE:
            stub = _Stub()
        complain(self.line, max(stub.id, 0) if stub.kind == "call" else 0, f"Unreadable {stub.kind[:16]!r}: {error}.")


class _Stub(msgspec.Struct, frozen=True, array_like=True):
    """As much of a message as tells whom to answer."""

    kind: str = "message"
    id: int = 0
