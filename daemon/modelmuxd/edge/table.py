"""The handler of each method, and the table that leaves none out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from muxwire.faults import USAGE, refuse, unknown_name
from muxwire.methods import METHODS, Method

from modelmuxd.edge.calls import Call

Handler = Callable[[Any, Call], Any]
"""`async def handler(params, call) -> result`, or a plain function where the answer is at hand: that one is answered
on the spot, without a task of its own, and can neither stream nor wait. Both may raise FaultError."""

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on hostile bytes: malformed or mistyped, not UTF-8, nested too deep."""


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
