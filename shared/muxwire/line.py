"""A connection as frames, on an asyncio transport: what daemon and async clients stand on.

anyio's own unix stream asks the selector anew for every message and checkpoints twice; an asyncio transport stays
registered and delivers bytes in the same loop iteration, which is half the cost of a small call (tests/bench/ping.py).
Waiting here obeys anyio's cancel scopes all the same.
"""

from __future__ import annotations

import asyncio
import select
import socket

import anyio

from muxwire.framing import MAX_FRAME, FrameReader, frame

READ_AHEAD = 256 * 1024
"""Bytes of complete frames that may lie here unread before we stop reading from the peer."""
WRITE_AHEAD = 256 * 1024
"""Bytes that may lie here unsent before senders wait for the peer to read."""
STALL = 60.0
"""Seconds without a byte taken by a peer that senders wait for; a suspended terminal reads again within that, and one
that does not has only lost its view of the run. Then we hang up, so that nothing of ours waits forever."""
LINGER = 5.0
"""Seconds for the last bytes to leave after `aclose`."""


class LineLost(ConnectionError):
    """The peer is gone, or was hung up on."""


class Line(asyncio.Protocol):
    """Frames in and out of one connection. One task receives; any number send, each frame whole."""

    def __init__(self, *, limit: int = MAX_FRAME, stall: float = STALL) -> None:
        self._frames = FrameReader(limit)
        self._stall = stall
        self._transport: asyncio.Transport
        self._readable = Signal()
        self._writable = Signal()
        self._gone = Signal()
        self._turn = anyio.Lock()
        self._congested = False
        self._held = False
        self._ended = False
        self._lost = False

    async def open(self, sock: socket.socket) -> None:
        """Goes over a connected socket, which it owns from here on."""
        sock.setblocking(False)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: self, sock)

    @property
    def limit(self) -> int:
        """The largest body accepted; holds from the next frame on."""
        return self._frames.limit

    @limit.setter
    def limit(self, size: int) -> None:
        self._frames.limit = size

    async def receive(self) -> bytes | None:
        """The next body; None when the peer has sent its last. FrameError when it does not speak our frames."""
        while not self._frames.ready:
            if self._ended:
                return None
            self.read_on()
            await self._readable.wait()
        return next(self._frames)

    async def send(self, body: bytes) -> None:
        """Sends one frame; waits while the peer is behind by WRITE_AHEAD, in turn, so that senders hold one frame each.

        When cancelled, the frame has been sent whole or not at all. Raises LineLost, also after STALL seconds in which
        the peer took nothing, and FrameError for a body that is too large.
        """
        framed = frame(body)
        if self._congested or self._turn.locked():
            async with self._turn:
                await self._drained()
                self._write(framed)
        else:
            self._write(framed)

    def send_now(self, body: bytes) -> None:
        """Sends a few bytes without a wait, for use where there can be none; nothing when the peer is gone."""
        if not (self._lost or self._transport.is_closing()):
            self._transport.write(frame(body))

    def hold(self) -> None:
        """Stops reading from the peer until `read_on`, so that it has to wait."""
        if not self._held and not self._transport.is_closing():
            self._held = True
            self._transport.pause_reading()

    def read_on(self) -> None:
        if self._held:
            self._held = False
            self._transport.resume_reading()

    async def aclose(self) -> None:
        """Hangs up after what was sent has left, or after LINGER seconds."""
        if not self._lost:
            self._transport.close()
            with anyio.CancelScope(shield=True), anyio.move_on_after(LINGER):
                await self._gone.wait()
        self.abort()

    def abort(self) -> None:
        """Hangs up now."""
        self._transport.abort()

    @property
    def hung_up(self) -> bool:
        """Whether the peer is gone altogether, not merely done with sending (a half-closed socket)."""
        if self._lost or self._transport.is_closing():
            return True
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), 0)
        return bool(poll.poll(0))

    async def _drained(self) -> None:
        while self._congested and not self._lost:
            left = self._transport.get_write_buffer_size()
            with anyio.move_on_after(self._stall):
                await self._writable.wait()
                continue
            if self._transport.get_write_buffer_size() == left:
                self.abort()
                raise LineLost(f"The peer read nothing for {self._stall:g} s.")

    def _write(self, framed: bytes) -> None:
        if self._lost or self._transport.is_closing():
            raise LineLost("The peer has hung up.")
        self._transport.write(framed)

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=WRITE_AHEAD)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._frames.feed(data)
        if self._frames.pending > READ_AHEAD and self._enough():
            self.hold()
        self._readable.set()

    def _enough(self) -> bool:
        try:
            return self._frames.ready
        except ValueError:
            return True  # whoever receives is told

    def eof_received(self) -> bool:
        self._ended = True
        self._readable.set()
        return True  # the peer may still read: answers in flight go out

    def pause_writing(self) -> None:
        self._congested = True

    def resume_writing(self) -> None:
        self._congested = False
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = self._ended = True
        for signal in (self._readable, self._writable, self._gone):
            signal.set()


class Signal:
    """Wakes those that wait at this moment. Unlike an event it needs no clearing and costs no task switch to set."""

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []

    def set(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
