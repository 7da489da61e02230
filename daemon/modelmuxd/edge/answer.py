"""What the answer to one call looks like: values for a program, or bytes ready to print. Message bodies, no I/O."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from muxwire.faults import Fault
from muxwire.protocol import CHUNK, Chunk, Event, Exit, Failed, Print, Result

from modelmuxd.edge.render.base import Printed, Rendered

log = logging.getLogger(__name__)
encode = msgspec.msgpack.Encoder().encode


class Answer(Protocol):
    """Any number of events, then one result or fault; each gives the messages to send."""

    def event(self, value: Any) -> Sequence[bytes]: ...

    def result(self, value: Any) -> Sequence[bytes]: ...

    def fault(self, fault: Fault) -> Sequence[bytes]: ...


class ValueAnswer:
    """For a program: everything in msgpack, a large result in chunks where the client knows them."""

    __slots__ = ("_chunks", "_id")

    def __init__(self, id: int, *, chunks: bool) -> None:
        self._id = id
        self._chunks = chunks

    def event(self, value: Any) -> Sequence[bytes]:
        return (encode(Event(self._id, msgspec.Raw(encode(value)))),)

    def result(self, value: Any) -> Sequence[bytes]:
        encoded = encode(value)
        if self._chunks and len(encoded) > CHUNK:
            *parts, last = _pieces(encoded)
            chunks = [encode(Chunk(self._id, part)) for part in parts]
            return (*chunks, encode(Result(self._id, msgspec.Raw(encode(last)))))
        return (encode(Result(self._id, msgspec.Raw(encoded))),)

    def fault(self, fault: Fault) -> Sequence[bytes]:
        return (encode(Failed(self._id, fault)),)


class PrintedAnswer:
    """For a terminal or a pipe: the daemon renders, the client copies the bytes to its stdout and stderr."""

    __slots__ = ("_id", "_rendered")

    def __init__(self, id: int, rendered: Rendered) -> None:
        self._id = id
        self._rendered = rendered

    def event(self, value: Any) -> Sequence[bytes]:
        printed = self._rendered.event(value)
        return self._prints(printed) if printed else ()

    def result(self, value: Any) -> Sequence[bytes]:
        return self._end(self._rendered.result(value), 0)

    def fault(self, fault: Fault) -> Sequence[bytes]:
        try:
            printed = self._rendered.fault(fault)
        except Exception:  # a renderer that fails must not cost the caller the reason
            log.exception("rendering a fault failed")
            printed = Printed(stderr=f"{fault.message} {fault.hint}\n".encode())
        return self._end(printed, 1)

    def _end(self, printed: Printed, code: int) -> Sequence[bytes]:
        exit = Exit(self._id, code if printed.code is None else printed.code)
        return (*self._prints(printed), encode(exit))

    def _prints(self, printed: Printed) -> Sequence[bytes]:
        streams = ((1, printed.stdout), (2, printed.stderr))
        return [encode(Print(self._id, fd, piece)) for fd, data in streams for piece in _pieces(data)]


def _pieces(data: bytes) -> list[bytes]:
    return [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
