"""The async client: for front ends that live long and ask many things at once over one connection.

    async with connect(places().socket, "board", version=version) as client:
        await client.call(PING, Nothing())

Patience is the caller's: a cancelled call (anyio.fail_after …) is cancelled at the daemon too; the run goes on.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import anyio
from muxwire.faults import FaultError
from muxwire.framing import FrameError
from muxwire.line import Line, LineLost, Signal
from muxwire.methods import Method
from muxwire.peer import peer_of
from muxwire.protocol import HELLO_TIMEOUT, Event, Failed, Need, Result, Welcome

from muxclients.link import errors
from muxclients.link.core import Answer, Core, Pending, Supplier, read_event, read_result

P = TypeVar("P")
R = TypeVar("R")

BACKLOG = 256
"""Messages of one call that may lie unread. Past that we stop reading, and the daemon stops producing; other calls on
this connection then wait as well, so give a stream that may rest unread a connection of its own."""


@asynccontextmanager
async def connect(path: str, role: str, *, version: str, supplier: Supplier | None = None) -> AsyncGenerator[Client]:
    """A greeted client. Raises FaultError: nobody listens, another user does, or the daemon refuses us.

    At the end of the block it hangs up: calls in flight end, the runs that they started go on.
    """
    client = Client(Core(role, version=version), supplier)
    await client.open(await _connected(path))
    try:
        with anyio.move_on_after(HELLO_TIMEOUT) as patience:
            await client.greet()
        if patience.cancelled_caught:
            raise errors.slow("hello", HELLO_TIMEOUT)
        yield client
    finally:
        await client.aclose()


async def _connected(path: str) -> socket.socket:
    """Connecting to a unix socket does not wait, unless the daemon is behind with accepting."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        await _patiently(sock, path)
        peer = peer_of(sock)
    except OSError as error:
        sock.close()
        raise errors.no_daemon(path, error) from None
    except BaseException:
        sock.close()
        raise
    if not peer.trusted:
        sock.close()
        raise errors.not_ours(path, peer.uid)
    return sock


async def _patiently(sock: socket.socket, path: str) -> None:
    with anyio.move_on_after(HELLO_TIMEOUT):
        while True:
            try:
                return sock.connect(path)
            except BlockingIOError:  # EAGAIN: the backlog is full, and no selector tells when it is not
                await anyio.sleep(0.01)
    raise TimeoutError("it is too busy to accept")


class Client:
    """One connection, any number of calls at once. What arrives is filed as it comes, without a task in between."""

    def __init__(self, core: Core, supplier: Supplier | None) -> None:
        self._core = core
        self._supplier = supplier
        self._broken: FaultError | None = None
        self._greeted = anyio.Event()
        self._line = Line(self)
        self.welcome: Welcome

    async def call(self, method: Method[P, R], params: P) -> R:
        """The result. Raises FaultError: the daemon's, or UNREACHABLE after a hang-up. Drops events."""
        call, arrived, body = self._open(method, params)
        try:
            await self._send(body)
            while not isinstance(message := await self.next(call, arrived), Result):
                if isinstance(message, Failed):
                    raise FaultError(message.fault)
            return read_result(method, message)
        finally:
            self._drop(call)

    @asynccontextmanager
    async def stream(self, method: Method[P, R], params: P) -> AsyncGenerator[Stream[R]]:
        """Iterate over the events; then `.result`. Leaving the block early ends the call."""
        call, arrived, body = self._open(method, params)
        try:
            await self._send(body)
            yield Stream(self, call, arrived)
        finally:
            self._drop(call)

    async def open(self, sock: socket.socket) -> None:
        """Takes over a connected socket."""
        await self._line.open(sock)

    async def greet(self) -> None:
        """Hello and welcome."""
        await self._send(self._core.greeting())
        await self._greeted.wait()
        self._check()
        assert self._core.welcome is not None
        self.welcome = self._core.welcome

    async def next(self, call: Pending, arrived: Signal) -> Answer:
        """The next message for this call; a `Need` is answered on the way."""
        while True:
            while not call.inbox:
                self._check()
                self._line.read_on()
                await arrived.wait()
            message = call.inbox.popleft()
            if not isinstance(message, Need):
                return message
            values = self._supplier(message.names) if self._supplier else {}
            await self._send(self._core.supply(call, dict(values)))

    async def aclose(self) -> None:
        """Hangs up at once; the socket is closed when this returns."""
        self._line.abort()
        await self._line.aclose()

    # What the line tells.

    def heard(self, body: bytes) -> None:
        try:
            self._core.take(body)
        except FaultError as error:
            self._give_up(error)
        if any(len(call.inbox) > BACKLOG for call in self._core.calls.values()):
            self._line.hold()
        if not self._greeted.is_set() and self._core.welcome:
            self._greeted.set()

    def garbled(self, error: FrameError) -> None:
        self._give_up(errors.unreadable(error))

    def ended(self) -> None:
        self._give_up(errors.lost())  # a daemon that sends no more has nothing to hear either

    def _give_up(self, error: FaultError) -> None:
        self._broken = self._broken or error
        self._line.abort()
        self._greeted.set()
        for call in self._core.calls.values():
            if call.wake:
                call.wake()

    def _open(self, method: Method[Any, Any], params: Any) -> tuple[Pending, Signal, bytes]:
        call, body = self._core.open(method, params)
        arrived = Signal()
        call.wake = arrived.set
        return call, arrived, body

    def _drop(self, call: Pending) -> None:
        if unwanted := self._core.close(call):
            self._line.post(unwanted)
        self._line.read_on()

    def _check(self) -> None:
        if self._broken:
            raise FaultError(self._broken.fault)  # a new one each: several callers may raise it

    async def _send(self, body: bytes) -> None:
        try:
            await self._line.send(body)
        except LineLost:
            self._check()
            raise errors.lost() from None


class Stream(Generic[R]):
    """The events of one call, as they come; its result after the last."""

    def __init__(self, client: Client, call: Pending, arrived: Signal) -> None:
        self._client = client
        self._call = call
        self._arrived = arrived
        self._result: Result | None = None

    def __aiter__(self) -> Stream[R]:
        return self

    async def __anext__(self) -> Any:
        if self._result is None:
            message = await self._client.next(self._call, self._arrived)
            if isinstance(message, Event):
                return read_event(self._call.method, message)
            if isinstance(message, Failed):
                raise FaultError(message.fault)
            assert isinstance(message, Result)  # we ask for nothing rendered
            self._result = message
        raise StopAsyncIteration

    @property
    def result(self) -> R:
        """Of the method's result type; only after the last event."""
        if self._result is None:
            raise RuntimeError("the stream has not ended")
        result: R = read_result(self._call.method, self._result)
        return result
