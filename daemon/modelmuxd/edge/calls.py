"""What a handler is, what it is given, and the table that leaves none out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

import anyio
import msgspec
from anyio.lowlevel import checkpoint
from muxwire import protocol
from muxwire.faults import USAGE, refuse, unknown_name
from muxwire.line import Line
from muxwire.methods import METHODS, Method
from muxwire.peer import Peer
from muxwire.protocol import Hello, Need

from modelmuxd.edge.answer import Answer, encode

Handler = Callable[[Any, "Call"], Any]
"""`async def handler(params, call) -> result`, or a plain function where the answer is at hand: that one is answered
without a task of its own, and can neither stream nor wait. Both may raise FaultError."""


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
        self._line = line
        self._supplied: anyio.Event | None = None
        self._values: dict[str, str] = {}

    async def event(self, value: Any) -> None:
        """Streams one event. Waits while the caller is behind with reading: pull what comes next, do not queue."""
        await self.answer.event(value)
        await checkpoint()  # a caller that keeps up must not let an endless stream hold the loop

    async def need(self, names: Collection[str], *, timeout: float = 10.0) -> dict[str, str]:
        """Asks the caller for environment values, once per call; gives those it has.

        Empty when the caller cannot be asked or does not answer within `timeout` seconds.
        """
        if self._supplied is not None:
            raise RuntimeError("a call may ask for environment values once")
        self._supplied = anyio.Event()
        if "need" not in self.hello.features or not names:
            return {}
        await self._line.send(encode(Need(self.id, tuple(names))))
        with anyio.move_on_after(timeout):
            await self._supplied.wait()
        return {name: self._values[name] for name in names if name in self._values}

    def supply(self, values: dict[str, str]) -> None:
        """The caller's answer to `need`; unasked or late it is dropped."""
        if self._supplied is not None and not self._supplied.is_set():
            self._values = values
            self._supplied.set()


class Bound:
    """A method, its handler, and the decoder for its parameters."""

    __slots__ = ("_decode", "handler", "method", "waits")

    def __init__(self, method: Method[Any, Any], handler: Handler) -> None:
        self.method = method
        self.handler = handler
        self.waits = inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
            getattr(handler, "__call__", None)  # noqa: B004 - an object with an async __call__ is a handler as well
        )
        self._decode = msgspec.msgpack.Decoder(method.params).decode

    def read(self, params: msgspec.Raw) -> Any:
        """The parameters, or a USAGE fault that names the field."""
        try:
            return self._decode(params)
        except UNREADABLE as error:
            raise refuse(USAGE, f"{self.method.name}: {error}", f"See `muxctl {self.method.name} --help`.") from None


class Handlers:
    """The handler of each method. Several tables may be given, each from the module that owns its methods.

    Raises ValueError when a method has no handler or two. `partial` allows methods without one, for tests.
    """

    def __init__(self, *tables: Mapping[Method[Any, Any], Handler], partial: bool = False) -> None:
        self._bound: dict[str, Bound] = {}
        for method, handler in (pair for table in tables for pair in table.items()):
            if method.name in self._bound:
                raise ValueError(f"two handlers for {method.name}")
            self._bound[method.name] = Bound(method, handler)
        missing = METHODS.keys() - self._bound.keys()
        if missing and not partial:
            raise ValueError(f"no handler for {', '.join(sorted(missing))}")

    def find(self, name: str) -> Bound:
        """Raises a USAGE fault that names the nearest method."""
        if bound := self._bound.get(name):
            return bound
        raise unknown_name("method", name, self._bound)


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on hostile bytes: malformed or mistyped, not UTF-8, nested too deep."""
