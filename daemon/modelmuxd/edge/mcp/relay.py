"""Between a shim's numbered lines and the SDK's message streams: what is settled by which message. Imports the SDK."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import anyio
import msgspec
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from mcp.server.lowlevel.server import Server
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    jsonrpc_message_adapter,
)
from muxwire.faults import DRAINING, refuse
from muxwire.mcp import McpLine
from pydantic import ValidationError

from modelmuxd.edge.calls import Call
from modelmuxd.edge.feeds import Fed
from modelmuxd.edge.mcp.asking import Asking

log = logging.getLogger(__name__)

PIECE = 256 * 1024
HANDSHAKE = frozenset({"initialize", "notifications/initialized"})
CANCELLED = "notifications/cancelled"
TIMED_OUT = ("timed out", "timeout", "time-out", "time out")
"""Words of a reason for which a client only stops waiting: the run goes on."""


@dataclass
class Source:
    """A request under way: its line, and who works on it."""

    number: int
    method: str
    age: float
    replay: bool
    watched_by: Asking | None = None


class Relay:
    """Of one session."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._open: dict[int | str, Source] = {}
        self._settled = anyio.Event()
        self.leaving = anyio.Event()
        """Set when the client has said its last."""

    async def run(self, server: Server[Any]) -> None:
        """Until everything is answered after the client's last. Raises FaultError when we have to end before."""
        into, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        said, out = anyio.create_memory_object_stream[SessionMessage](0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._outward, out)
            tasks.start_soon(server.run, heard, said, server.create_initialization_options())
            async with into:
                async for fed in self._call.feeds:
                    await self._inward(fed, into)
                self.leaving.set()
                while self._open and not self._call.feeds.cut:
                    self._settled = anyio.Event()
                    await self._settled.wait()
                tasks.cancel_scope.cancel()
        if self._call.feeds.cut:
            raise refuse(DRAINING, "The daemon is ending.", "Ask the next one.")

    async def _inward(self, fed: Fed, into: ObjectSendStream[SessionMessage | Exception]) -> None:
        try:
            message = jsonrpc_message_adapter.validate_json(fed.data, by_name=False)
        except ValidationError:
            await self._unreadable(fed)
            return
        if not isinstance(message, JSONRPCRequest):
            if isinstance(message, JSONRPCNotification):
                self._notified(message)
            await into.send(SessionMessage(message))
            await self._settle(fed.number, keep=getattr(message, "method", "") in HANDSHAKE)
            return
        if message.id in self._open:
            error = ErrorData(code=INVALID_REQUEST, message=f"The id {message.id!r} is in use.")
            await self._say(JSONRPCError(jsonrpc="2.0", id=message.id, error=error), McpLine(settled=fed.number))
            return
        self._open[message.id] = source = Source(fed.number, message.method, fed.age, fed.replay)

        async def unanswered() -> None:
            await self._close(message.id)

        await into.send(
            SessionMessage(message, ServerMessageMetadata(request_context=source, on_request_unanswered=unanswered))
        )

    def _notified(self, message: JSONRPCNotification) -> None:
        """A client that cancels ends its run; one that has only waited long enough leaves it alone."""
        params = message.params or {}
        source = self._open.get(params.get("requestId", ""))
        if message.method == CANCELLED and source and source.watched_by:
            reason = str(params.get("reason") or "").lower()
            source.watched_by.dropped = not any(word in reason for word in TIMED_OUT)

    async def _unreadable(self, fed: Fed) -> None:
        try:
            known = msgspec.json.decode(fed.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            error = ErrorData(code=PARSE_ERROR, message="Parse error")
            known = None
        else:
            error = ErrorData(code=INVALID_REQUEST, message="Invalid request")
        found = known.get("id") if isinstance(known, dict) else None
        id = found if isinstance(found, (int, str)) and not isinstance(found, bool) else None
        await self._say(JSONRPCError(jsonrpc="2.0", id=id, error=error), McpLine(settled=fed.number))

    async def _outward(self, out: ObjectReceiveStream[SessionMessage]) -> None:
        async for said in out:
            message = said.message
            if not isinstance(message, (JSONRPCResponse, JSONRPCError)) or message.id is None:
                await self._say(message, McpLine())
                continue
            source = self._open.get(message.id)
            if source and source.replay:
                await self._close(message.id)
            else:
                keep = bool(source and source.method in HANDSHAKE and isinstance(message, JSONRPCResponse))
                await self._say(message, McpLine(settled=source.number if source else 0, keep=keep))
                self._forget(message.id)

    async def _close(self, id: int | str) -> None:
        """A request that gets no answer."""
        if source := self._open.get(id):
            await self._settle(source.number)
            self._forget(id)

    def _forget(self, id: int | str) -> None:
        self._open.pop(id, None)
        self._settled.set()

    async def _settle(self, number: int, *, keep: bool = False) -> None:
        await self._call.event(McpLine(settled=number, keep=keep))

    async def _say(self, message: Any, last: McpLine) -> None:
        data = message.model_dump_json(by_alias=True, exclude_unset=True).encode()
        *parts, end = [data[start : start + PIECE] for start in range(0, len(data), PIECE)]
        for part in parts:
            await self._call.event(McpLine(part, more=True))
        await self._call.event(msgspec.structs.replace(last, data=end))
