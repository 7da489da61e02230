"""A connection as frames, on an asyncio transport: what daemon and async clients stand on.

anyio's own unix stream asks the selector anew for every message and checkpoints twice. An asyncio transport stays
registered and hands the bytes over in the very turn of the loop that finds them, which more than halves the cost of a
small call (tests/bench/ping.py). Waiting here obeys anyio's cancel scopes all the same.
"""

from __future__ import annotations

import asyncio
import select
import socket
from typing import Protocol

import anyio

from muxwire.framing import MAX_FRAME, FrameError, FrameReader, frame

READ_AHEAD = 256 * 1024
"""Bytes of complete frames that may lie here undelivered before we stop reading from the peer."""
WRITE_AHEAD = 256 * 1024
"""Bytes that may lie here unsent before senders wait for the peer to read."""
BURST = 64
"""Frames delivered before the loop has its turn: a peer that floods us must not keep the others waiting."""
STALL = 60.0
"""Seconds without a byte taken by a peer that senders wait for. A suspended terminal has read again by then or has
only lost its view of a run; then we hang up, so that nothing of ours waits forever."""
LINGER = 5.0
"""Seconds for the last bytes to leave after `aclose`."""


class LineLost(ConnectionError):
    """The peer is gone, or was hung up on."""


class Ear(Protocol):
    """Who listens to a line. Called from the loop; must not wait."""

    def heard(self, body: bytes) -> None:
        """One frame's body."""

    def garbled(self, error: FrameError) -> None:
        """The peer does not speak our frames; nothing more will be heard."""

    def ended(self) -> None:
        """The peer has sent its last, though it may still read, or it is gone. Called once."""


class Line(asyncio.Protocol):
    """Frames in and out of one connection.

    `answering` is for the side that answers: it hears nothing new while the peer is behind with reading, so that the
    peer cannot pile up answers here. Were both sides to do so, they could wait for each other.
    """

    def __init__(self, ear: Ear, *, limit: int = MAX_FRAME, answering: bool = False, stall: float = STALL) -> None:
        self._ear = ear
        self._frames = FrameReader(limit)
        self._answering = answering
        self._stall = stall
        self._transport: asyncio.Transport
        self._loop: asyncio.AbstractEventLoop
        self._writable = Signal()
        self._gone = Signal()
        self._turn = anyio.Lock()
        self._congested = False
        self._held = False
        self._paused = False
        self._due = False
        self._deaf = False
        self._last_heard = False
        self._told = False
        self._lost = False
        self._ours = False

    async def open(self, sock: socket.socket) -> None:
        """Goes over a connected socket, which it owns from here on."""
        sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        await self._loop.connect_accepted_socket(lambda: self, sock)

    @property
    def limit(self) -> int:
        """The largest body accepted; holds from the next frame on."""
        return self._frames.limit

    @limit.setter
    def limit(self, size: int) -> None:
        self._frames.limit = size

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

    def post(self, body: bytes) -> None:
        """Sends one frame without a wait, for an answer to what was just heard; nothing when the peer is gone."""
        if not self._closing:
            self._transport.write(frame(body))

    def hold(self) -> None:
        """Hears nothing more until `read_on`, so that the peer has to wait."""
        self._held = True
        self._flow()

    def read_on(self) -> None:
        """Ends a `hold`."""
        if self._held:
            self._held = False
            self._flow()

    async def aclose(self) -> None:
        """Hangs up after what was sent has left, or after LINGER seconds."""
        self._end_here()
        if not self._lost:
            self._transport.close()
            with anyio.CancelScope(shield=True), anyio.move_on_after(LINGER):
                await self._gone.wait()
        self.abort()

    def abort(self) -> None:
        """Hangs up now."""
        self._end_here()
        self._transport.abort()

    @property
    def hung_up(self) -> bool:
        """Whether the peer is gone altogether, not merely done with sending (a half-closed socket)."""
        if self._closing:
            return True
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), 0)
        return bool(poll.poll(0))

    @property
    def left(self) -> bool:
        """Whether it is the peer who has hung up, and not we on it."""
        return self.hung_up and not self._ours

    def _end_here(self) -> None:
        self._ours = self._ours or not self.hung_up

    @property
    def _closing(self) -> bool:
        return self._lost or self._transport.is_closing()

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
        if self._closing:
            raise LineLost("The peer has hung up.")
        self._transport.write(framed)

    def _deliver(self) -> None:
        self._due = False
        for _ in range(BURST):
            if self._held or self._deaf or self._lost:
                break
            try:
                body = next(self._frames, None)
            except FrameError as error:
                return self._garbled(error)
            if body is None:
                break
            self._ear.heard(body)
        return self._flow()

    def _garbled(self, error: FrameError) -> None:
        self._deaf = True
        self._flow()
        self._ear.garbled(error)

    def _flow(self) -> None:
        """Decides what follows: the rest of a burst, a pause in reading, the end."""
        if not (self._held or self._due or self._deaf):
            if self._frames.ready_or_garbled:
                self._due = True
                self._loop.call_soon(self._deliver)
            elif self._last_heard:
                self._tell_the_end()
        pause = self._held or self._deaf or (self._due and self._frames.pending > READ_AHEAD)
        if pause != self._paused and not self._closing and not self._last_heard:
            self._paused = pause
            (self._transport.pause_reading if pause else self._transport.resume_reading)()

    def _tell_the_end(self) -> None:
        if not self._told:
            self._told = True
            self._ear.ended()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=WRITE_AHEAD)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._frames.feed(data)
        if self._due or self._held:
            self._flow()
        else:
            self._deliver()

    def eof_received(self) -> bool:
        self._last_heard = True
        self._flow()
        return True  # the peer may still read: answers in flight go out

    def pause_writing(self) -> None:
        self._congested = True
        if self._answering:
            self.hold()

    def resume_writing(self) -> None:
        self._congested = False
        self._writable.set()
        if self._answering:
            self.read_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._writable.set()
        self._gone.set()
        self._tell_the_end()


class Signal:
    """Wakes those that wait at this moment. Unlike an event it needs no clearing, and setting it costs no turn."""

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
