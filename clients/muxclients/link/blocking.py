"""The blocking client: for commands that ask, wait and end.

with connect(places().socket, "cli") as client:
    client.call(PING, Nothing())
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Generic, TypeVar

from muxwire.faults import FaultError
from muxwire.framing import frame
from muxwire.methods import Method
from muxwire.peer import Peer, peer_of
from muxwire.protocol import HELLO_TIMEOUT, Event, Exit, Failed, Named, Need, Print, Result, View, Welcome

from muxclients.link import errors
from muxclients.link.core import Core, Pending, Supplier, read_event, read_result

P = TypeVar("P")
R = TypeVar("R")
READ = 256 * 1024
SEND_TIMEOUT = 60.0
"""Seconds for one message to leave; the largest takes well under one where the daemon reads at all."""


def connect(path: str, role: str, *, version: str, supplier: Supplier | None = None) -> Client:
    """A greeted client. Raises FaultError: nobody listens, another user does, or the daemon refuses us."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        peer = _connect(sock, path)
        if not peer.trusted:
            raise errors.not_ours(path, peer.uid)
    except FaultError:
        sock.close()
        raise
    return over(sock, role, version=version, supplier=supplier)


def over(sock: socket.socket, role: str, *, version: str, supplier: Supplier | None = None) -> Client:
    """A greeted client over a connected socket, which it owns from here on. Raises FaultError as `connect` does."""
    client = Client(sock, Core(role, version=version), supplier)
    try:
        client.greet()
    except BaseException:
        sock.close()
        raise
    return client


def _connect(sock: socket.socket, path: str) -> Peer:
    """Bounded by SO_SNDTIMEO, as unix(7) says: a daemon that does not accept must not hold us, and a socket with a
    Python timeout fails at once where its backlog is full."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(HELLO_TIMEOUT), 0))
        sock.connect(path)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 0))
        return peer_of(sock)
    except OSError as error:
        raise errors.no_daemon(path, error) from None


class Client:
    """One connection. Calls may overlap in time (a stream left open while another call is made), not in threads."""

    def __init__(self, sock: socket.socket, core: Core, supplier: Supplier | None) -> None:
        self._sock = sock
        self._core = core
        self._supplier = supplier
        self.welcome: Welcome

    def call(self, method: Method[P, R], params: P, *, timeout: float | None = None) -> R:
        """The result. Raises FaultError: the daemon's, or UNREACHABLE after `timeout` seconds or a hang-up.

        Events on the way are dropped.
        """
        stream = self.stream(method, params, timeout=timeout)
        for _ in stream:
            pass
        return stream.result

    def stream(self, method: Method[P, R], params: P, *, timeout: float | None = None) -> Stream[R]:
        """Iterate over the events; then `.result`. `timeout` bounds the whole."""
        return Stream(self, self._open(method, params, None), _Deadline(method.name, timeout))

    def rendered(
        self,
        method: Method[P, Any],
        params: P,
        view: View,
        on_print: Callable[[int, bytes], object],
        on_named: Callable[[str], object] = lambda run_id: None,
    ) -> int:
        """The exit code; `on_print(fd, data)` gets the bytes for stdout (1) and stderr (2) as they come, `on_named`
        the id of the run that the call follows."""
        call = self._open(method, params, view)
        try:
            while True:
                message = self.next(call, _Deadline(method.name, None))
                if isinstance(message, Print):
                    on_print(message.fd, message.data)
                elif isinstance(message, Named):
                    on_named(message.run_id)
                elif isinstance(message, Exit):
                    return message.code
                elif isinstance(message, Failed):
                    raise FaultError(message.fault)
        finally:
            self.drop(call)

    def greet(self) -> None:
        """Hello and welcome; `connect` does it."""
        self._send(self._core.greeting())
        deadline = _Deadline("hello", HELLO_TIMEOUT)
        while self._core.welcome is None:
            self._read(deadline)
        self.welcome = self._core.welcome

    def next(self, call: Pending, deadline: _Deadline) -> Event | Result | Failed | Print | Named | Exit:
        """The next message for this call; a `Need` is answered on the way."""
        while True:
            while not call.inbox:
                self._read(deadline)
            message = call.inbox.popleft()
            if not isinstance(message, Need):
                return message
            values = self._supplier(message.names) if self._supplier else {}
            self._send(self._core.supply(call, dict(values)))

    def drop(self, call: Pending) -> None:
        """Cancels the call when it has not ended."""
        if unwanted := self._core.close(call):
            self._send(unwanted)

    def close(self) -> None:
        """Hangs up: calls in flight end, the runs that they started go on."""
        self._sock.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _open(self, method: Method[Any, Any], params: Any, view: View | None) -> Pending:
        call, body = self._core.open(method, params, view)
        self._send(body)
        return call

    def _send(self, body: bytes) -> None:
        try:
            self._sock.settimeout(SEND_TIMEOUT)
            self._sock.sendall(frame(body))
        except OSError:
            raise errors.lost() from None

    def _read(self, deadline: _Deadline) -> None:
        try:
            self._sock.settimeout(deadline.left())
            data = self._sock.recv(READ)
        except TimeoutError:
            raise deadline.missed() from None
        except OSError:
            data = b""
        if not data:
            raise errors.lost()
        self._core.feed(data)


class Stream(Generic[R]):
    """The events of one call, as they come; its result after the last. Leave it early by `close`."""

    def __init__(self, client: Client, call: Pending, deadline: _Deadline) -> None:
        self._client = client
        self._call = call
        self._deadline = deadline
        self._result: Result | None = None

    def __iter__(self) -> Iterator[Any]:
        try:
            while self._result is None:
                message = self._client.next(self._call, self._deadline)
                if isinstance(message, Event):
                    yield read_event(self._call.method, message)
                elif isinstance(message, Result):
                    self._result = message
                elif isinstance(message, Failed):
                    raise FaultError(message.fault)
        finally:
            self.close()

    @property
    def result(self) -> R:
        """Of the method's result type; only after the last event."""
        if self._result is None:
            raise RuntimeError("the stream has not ended")
        result: R = read_result(self._call.method, self._result)
        return result

    def close(self) -> None:
        """Ends the call when it has not ended by itself; the run goes on."""
        self._client.drop(self._call)


class _Deadline:
    """When the patience with one call ends."""

    def __init__(self, method: str, timeout: float | None) -> None:
        self._method = method
        self._timeout = timeout
        self._ends = None if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        """Seconds, for a socket's timeout. Raises the fault when none are left."""
        if self._ends is None:
            return None
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self.missed()
        return left

    def missed(self) -> FaultError:
        return errors.slow(self._method, self._timeout or 0.0)
