"""Our side of a connection, sans-IO: message bodies to send, and what the bytes received mean for which call."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import msgspec
from muxwire.faults import FaultError
from muxwire.framing import FrameError, FrameReader
from muxwire.hello import hello
from muxwire.methods import Method
from muxwire.protocol import (
    Call,
    Cancel,
    Chunk,
    Event,
    Exit,
    Failed,
    FromDaemon,
    Named,
    Need,
    Print,
    Refused,
    Result,
    Supply,
    View,
    Welcome,
)

from muxclients.link import errors

R = TypeVar("R")
Answer = Event | Result | Failed | Print | Named | Exit | Need
"""What reaches the caller of one call; `Result`, `Failed` and `Exit` are the last."""

Supplier = Callable[[Collection[str]], Mapping[str, str]]
"""Gives the environment values of those names that the caller has."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(FromDaemon).decode


class Pending:
    """One call in flight: what has arrived for it and was not looked at yet."""

    def __init__(self, id: int, method: Method[Any, Any]) -> None:
        self.id = id
        self.method = method
        self.inbox: deque[Answer] = deque()
        self.wake: Callable[[], object] | None = None
        """Called when something has come into the inbox."""
        self._parts: list[bytes] = []

    def take(self, message: Answer | Chunk) -> None:
        if isinstance(message, Chunk):
            self._parts.append(message.data)
            return
        if isinstance(message, Result) and self._parts:
            last = msgspec.msgpack.decode(message.value, type=bytes)
            message = Result(self.id, msgspec.Raw(b"".join((*self._parts, last))))
        self.inbox.append(message)
        if self.wake:
            self.wake()


class Core:
    """The calls of one connection. Ids count up; what arrives for a call nobody waits for any more is dropped."""

    def __init__(self, role: str, *, version: str) -> None:
        self.welcome: Welcome | None = None
        self.calls: dict[int, Pending] = {}
        self._hello = hello(role, version=version)
        self._last = 0
        self._frames = FrameReader()

    def greeting(self) -> bytes:
        return encode(self._hello)

    def open(self, method: Method[Any, Any], params: Any, view: View | None = None) -> tuple[Pending, bytes]:
        """A new call and the message that makes it."""
        self._last += 1
        call = self.calls[self._last] = Pending(self._last, method)
        return call, encode(Call(self._last, method.name, msgspec.Raw(encode(params)), view))

    def close(self, call: Pending) -> bytes:
        """Forgets a call; the message to send when it had not ended, else nothing."""
        return encode(Cancel(call.id)) if self.calls.pop(call.id, None) else b""

    def supply(self, call: Pending, values: dict[str, str]) -> bytes:
        return encode(Supply(call.id, values))

    def feed(self, data: bytes) -> None:
        """Files what arrives under its call. Raises FaultError when the daemon refuses us or cannot be understood."""
        self._frames.feed(data)
        try:
            for body in self._frames:
                self.take(body)
        except FrameError as error:
            raise errors.unreadable(error) from None

    def take(self, body: bytes) -> None:
        """`feed` for one frame's body."""
        try:
            message = decode(body)
        except UNREADABLE as error:
            raise errors.unreadable(error) from None
        if isinstance(message, Welcome):
            self.welcome = message
        elif isinstance(message, Refused) or (isinstance(message, Failed) and message.id == 0):
            raise FaultError(message.fault)
        elif call := self.calls.get(message.id):
            if isinstance(message, Result | Failed | Exit):
                del self.calls[message.id]
            call.take(message)


def read_result(method: Method[Any, R], message: Result) -> R:
    """The result in the method's type. Raises a PROTOCOL fault when it is none."""
    try:
        return msgspec.msgpack.decode(message.value, type=method.result)
    except UNREADABLE as error:
        raise errors.unreadable(error) from None


def read_event(method: Method[Any, Any], message: Event) -> Any:
    """The event in the method's type. Raises a PROTOCOL fault when it is none."""
    try:
        return msgspec.msgpack.decode(message.value, type=method.event or Any)
    except UNREADABLE as error:
        raise errors.unreadable(error) from None
