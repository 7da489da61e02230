"""How the answer to one call leaves: as values for a program, or as bytes ready to print."""

from __future__ import annotations

import logging
from typing import Any, Protocol

import msgspec
from muxwire.faults import Fault
from muxwire.line import Line
from muxwire.protocol import CHUNK, Chunk, Event, Exit, Failed, Print, Result

from modelmuxd.edge.render.base import Printed, Rendered

log = logging.getLogger(__name__)
encode = msgspec.msgpack.Encoder().encode


class Answer(Protocol):
    """Any number of events, then one result or fault. All wait while the caller is behind with reading."""

    async def event(self, value: Any) -> None: ...

    async def result(self, value: Any) -> None: ...

    async def fault(self, fault: Fault) -> None: ...


class ValueAnswer:
    """For a program: everything in msgpack, a large result in chunks where the client knows them."""

    def __init__(self, line: Line, id: int, *, chunks: bool) -> None:
        self._line = line
        self._id = id
        self._chunks = chunks

    async def event(self, value: Any) -> None:
        await self._line.send(encode(Event(self._id, msgspec.Raw(encode(value)))))

    async def result(self, value: Any) -> None:
        encoded = encode(value)
        if self._chunks and len(encoded) > CHUNK:
            encoded = await self._all_but_the_last_chunk(encoded)
        await self._line.send(encode(Result(self._id, msgspec.Raw(encoded))))

    async def fault(self, fault: Fault) -> None:
        await self._line.send(encode(Failed(self._id, fault)))

    async def _all_but_the_last_chunk(self, encoded: bytes) -> bytes:
        *parts, last = _pieces(encoded)
        for part in parts:
            await self._line.send(encode(Chunk(self._id, part)))
        return encode(last)


class PrintedAnswer:
    """For a terminal or a pipe: the daemon renders, the client copies the bytes to its stdout and stderr."""

    def __init__(self, line: Line, id: int, rendered: Rendered) -> None:
        self._line = line
        self._id = id
        self._rendered = rendered

    async def event(self, value: Any) -> None:
        if printed := self._rendered.event(value):
            await self._print(printed)

    async def result(self, value: Any) -> None:
        await self._end(self._rendered.result(value), 0)

    async def fault(self, fault: Fault) -> None:
        await self._end(self._fault_printed(fault), 1)

    def _fault_printed(self, fault: Fault) -> Printed:
        try:
            return self._rendered.fault(fault)
        except Exception:  # a renderer that fails must not cost the caller the reason
            log.exception("rendering a fault failed")
            return Printed(stderr=f"{fault.message} {fault.hint}\n".encode())

    async def _end(self, printed: Printed, code: int) -> None:
        await self._print(printed)
        await self._line.send(encode(Exit(self._id, code if printed.code is None else printed.code)))

    async def _print(self, printed: Printed) -> None:
        for fd, data in ((1, printed.stdout), (2, printed.stderr)):
            for piece in _pieces(data):
                await self._line.send(encode(Print(self._id, fd, piece)))


def _pieces(data: bytes) -> list[bytes]:
    return [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
