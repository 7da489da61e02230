"""One connection from its hello to its end: reads messages, runs calls side by side, answers what it cannot read."""

from __future__ import annotations

import logging
import os
from typing import Any, NamedTuple

import anyio
import msgspec
from anyio.abc import TaskGroup
from muxwire import protocol
from muxwire.faults import CONFLICT, INTERNAL, PROTOCOL, Fault, FaultError, refuse
from muxwire.framing import MAX_FRAME, FrameError
from muxwire.hello import negotiate, refused
from muxwire.line import Line, LineLost
from muxwire.peer import Peer
from muxwire.protocol import Cancel, Failed, FromClient, Hello, Refused, Supply, Welcome

from modelmuxd.edge.answer import Answer, PrintedAnswer, ValueAnswer, encode
from modelmuxd.edge.bounds import Bounds
from modelmuxd.edge.calls import UNREADABLE, Bound, Call, Handlers
from modelmuxd.edge.render.base import Renderers

log = logging.getLogger(__name__)
decode = msgspec.msgpack.Decoder(FromClient).decode


class Session:
    """What one client has going on."""

    def __init__(
        self, line: Line, peer: Peer, handlers: Handlers, renderers: Renderers | None, version: str, bounds: Bounds
    ) -> None:
        self._line = line
        self._peer = peer
        self._handlers = handlers
        self._renderers = renderers
        self._version = version
        self._bounds = bounds
        self._calls: dict[int, _Running] = {}
        self._reading = anyio.CancelScope()
        self._idle = anyio.Event()
        self._hello: Hello

    async def greet(self) -> bool:
        """The hello and its answer. False when the peer is to be hung up on."""
        answer: Welcome | Refused | None = refused(f"No hello within {self._bounds.hello:g} s.", "Use muxctl.")
        with anyio.move_on_after(self._bounds.hello):
            answer = await self._read_hello()
        if answer is not None:
            await self._line.send(encode(answer))
        self._line.limit = MAX_FRAME
        return isinstance(answer, Welcome)

    async def run(self) -> None:
        """Serves calls until the peer has hung up, or has sent its last and has been answered."""
        async with anyio.create_task_group() as tasks:
            try:
                with self._reading:
                    await self._read(tasks)
                await self._last_answers()
            except LineLost as error:
                log.debug("client %d: %s", self._peer.pid, error)
            tasks.cancel_scope.cancel()

    def drain(self) -> None:
        """Reads no more: the session ends when the calls in flight have been answered."""
        self._reading.cancel()

    async def _read_hello(self) -> Welcome | Refused | None:
        try:
            body = await self._line.receive()
            if body is None:
                return None
            self._hello = msgspec.msgpack.decode(body, type=Hello)
        except (FrameError, *UNREADABLE):
            return refused("The caller does not speak modelmux's protocol.", "Use muxctl.")
        features = tuple(name for name in protocol.FEATURES if self._renderers or name != "view")
        return negotiate(self._hello, version=self._version, pid=os.getpid(), features=features)

    async def _read(self, tasks: TaskGroup) -> None:
        try:
            while (body := await self._line.receive()) is not None:
                try:
                    message = decode(body)
                except UNREADABLE as error:
                    await self._unreadable(body, error)
                else:
                    await self._take(message, tasks)
        except FrameError as error:
            await self._line.send(encode(refused(f"Not a frame of ours: {error}.", "Update the client.")))
            raise LineLost from error

    async def _take(self, message: FromClient, tasks: TaskGroup) -> None:
        if isinstance(message, protocol.Call):
            await self._begin(message, tasks)
        elif isinstance(message, Cancel):
            if running := self._calls.get(message.id):  # else it has just ended: an ordinary race
                running.scope.cancel()
        elif isinstance(message, Supply):
            if running := self._calls.get(message.id):
                running.call.supply(message.values)
        else:
            await self._complain(0, "There is one hello per connection.")

    async def _begin(self, asked: protocol.Call, tasks: TaskGroup) -> None:
        if asked.id < 1 or asked.id in self._calls:
            await self._complain(0, f"Call id {asked.id} is in use or not positive.")
        elif asked.view and not self._renderers:
            await self._complain(asked.id, "This daemon does not render.")
        else:
            try:
                bound = self._admit(asked)
                params = bound.read(asked.params)
            except FaultError as error:
                await self._answer(asked, None).fault(error.fault)
            else:
                await self._start(bound, self._call(asked, params), tasks)

    def _admit(self, asked: protocol.Call) -> Bound:
        if len(self._calls) >= self._bounds.calls:
            raise refuse(CONFLICT, f"{len(self._calls)} calls are in flight here.", "Open another connection.")
        return self._handlers.find(asked.method)

    def _call(self, asked: protocol.Call, params: Any) -> Call:
        return Call(asked, params, self._hello, self._peer, self._line, self._answer(asked, params))

    def _answer(self, asked: protocol.Call, params: Any) -> Answer:
        if asked.view and self._renderers:
            return PrintedAnswer(self._line, asked.id, self._renderers.start(asked.method, asked.view, params))
        return ValueAnswer(self._line, asked.id, chunks="chunk" in self._hello.features)

    async def _start(self, bound: Bound, call: Call, tasks: TaskGroup) -> None:
        if bound.waits:
            self._calls[call.id] = running = _Running(call, anyio.CancelScope())
            tasks.start_soon(self._run, bound, running)
        else:
            await self._finish(bound, call)

    async def _run(self, bound: Bound, running: _Running) -> None:
        call = running.call
        try:
            with running.scope:
                await self._finish(bound, call)
            if running.scope.cancelled_caught:
                await call.answer.fault(Fault("canceled", "The caller cancelled this call.", "A run of it goes on."))
        except LineLost:
            self._reading.cancel()
        finally:
            del self._calls[call.id]
            if not self._calls:
                self._idle.set()

    async def _finish(self, bound: Bound, call: Call) -> None:
        """Handler to answer. Whatever a handler raises ends its call only."""
        try:
            result = bound.handler(call.params, call)
            await call.answer.result(await result if bound.waits else result)
        except FaultError as error:
            await call.answer.fault(error.fault)
        except LineLost:
            raise
        except Exception:
            log.exception("%s failed", call.method)
            sorry = Fault(INTERNAL, f"The daemon failed on {call.method!r}.", "`muxctl logs --daemon` says why.")
            await call.answer.fault(sorry)

    async def _last_answers(self) -> None:
        for running in self._calls.values():
            running.call.supply({})  # no answer can come any more
        while self._calls and not self._line.hung_up:
            self._idle = anyio.Event()
            with anyio.move_on_after(self._bounds.hang_up_check):
                await self._idle.wait()

    async def _unreadable(self, body: bytes, error: Exception) -> None:
        try:
            stub = msgspec.msgpack.decode(body, type=_Stub)
        except UNREADABLE:
            stub = _Stub()
        await self._complain(stub.id if stub.kind == "call" else 0, f"Unreadable {stub.kind or 'message'}: {error}.")

    async def _complain(self, id: int, message: str) -> None:
        await self._line.send(encode(Failed(id, Fault(PROTOCOL, message, "Update the client."))))


class _Running(NamedTuple):
    """A call in flight and what ends it."""

    call: Call
    scope: anyio.CancelScope


class _Stub(msgspec.Struct, frozen=True, array_like=True):
    """As much of a message as tells whom to answer."""

    kind: str = ""
    id: int = 0
