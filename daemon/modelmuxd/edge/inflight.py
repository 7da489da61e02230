"""The calls in flight on one connection: each begins here, runs beside the others and is answered exactly once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import anyio
from anyio.abc import TaskGroup
from muxwire import protocol
from muxwire.faults import CONFLICT, INTERNAL, PROTOCOL, STORAGE, Fault, FaultError, refuse
from muxwire.line import Line, LineLost
from muxwire.peer import Peer
from muxwire.protocol import Failed, Hello

from modelmuxd.edge.answer import Answer, PrintedAnswer, ValueAnswer, encode
from modelmuxd.edge.calls import Call
from modelmuxd.edge.serving import Serving
from modelmuxd.edge.table import Bound
from modelmuxd.store.interface import StoreFull

log = logging.getLogger(__name__)


class InFlight:
    """One greeted client's calls. Async handlers run in `tasks`; plain ones are answered on the spot."""

    def __init__(self, serving: Serving, hello: Hello, peer: Peer, line: Line, tasks: TaskGroup) -> None:
        self._serving = serving
        self._hello = hello
        self._peer = peer
        self._line = line
        self._tasks = tasks
        self._running: dict[int, _Running] = {}
        self._idle = anyio.Event()

    def begin(self, asked: protocol.Call) -> None:
        """Starts one call, or refuses it."""
        if asked.id < 1 or asked.id in self._running:
            complain(self._line, 0, f"Call id {asked.id} is in use or not positive.")
            return
        try:
            self._begin(asked)
        except Exception as error:  # ours are answered within; this is a renderer's
            self._post(ValueAnswer(asked.id, chunks=False).fault(_fault(error, asked.method)))

    def cancel(self, id: int) -> None:
        """Ends one call; nothing when it has just ended by itself, an ordinary race."""
        if running := self._running.get(id):
            running.drop()

    def cancel_all(self) -> None:
        for running in self._running.values():
            running.drop()

    def supply(self, id: int, values: dict[str, str]) -> None:
        """The client's answer to a `Need`."""
        if running := self._running.get(id):
            running.call.supply(values)

    def feed(self, feed: protocol.Feed) -> None:
        """More input for a call."""
        if running := self._running.get(feed.id):
            running.call.feeds.put(feed)

    async def last_answers(self) -> None:
        """Until every call is answered, or the peer, which sends no more, does not listen any more either."""
        for running in self._running.values():
            running.call.hears_no_more()
        while self._running and not self._line.hung_up:
            self._idle = anyio.Event()
            with anyio.move_on_after(self._serving.bounds.hang_up_check):
                await self._idle.wait()

    def _begin(self, asked: protocol.Call) -> None:
        if asked.view and not self._serving.renderers:
            raise refuse(PROTOCOL, "This daemon does not render.", "Ask without a view.")
        try:
            bound = self._admit(asked)
            params = bound.read(asked.params)
        except FaultError as error:
            self._post(self._answer(asked, None).fault(error.fault))
            return
        call = Call(asked, params, self._hello, self._peer, self._line, self._answer(asked, params))
        if bound.waits:
            self._running[call.id] = running = _Running(call, anyio.CancelScope())
            self._tasks.start_soon(self._run, bound, running)
        else:
            self._answer_now(bound, call)

    def _admit(self, asked: protocol.Call) -> Bound:
        if len(self._running) >= self._serving.bounds.calls:
            raise refuse(CONFLICT, f"{len(self._running)} calls are in flight here.", "Open another connection.")
        return self._serving.handlers.find(asked.method)

    def _answer(self, asked: protocol.Call, params: Any) -> Answer:
        renderers = self._serving.renderers
        if asked.view and renderers:
            return PrintedAnswer(asked.id, renderers.start(asked.method, asked.view, params))
        return ValueAnswer(asked.id, chunks="chunk" in self._hello.features)

    def _answer_now(self, bound: Bound, call: Call) -> None:
        try:
            bodies = call.answer.result(bound.handler(call.params, call))
        except Exception as error:
            bodies = call.answer.fault(_fault(error, call.method))
        self._post(bodies)

    async def _run(self, bound: Bound, running: _Running) -> None:
        try:
            await self._answer_when_ready(bound, *running)
        except LineLost as error:
            log.debug("client %d: %s", self._peer.pid, error)
        finally:
            del self._running[running.call.id]
            if not self._running:
                self._idle.set()

    async def _answer_when_ready(self, bound: Bound, call: Call, scope: anyio.CancelScope) -> None:
        with scope:
            try:
                bodies = call.answer.result(await bound.handler(call.params, call))
            except LineLost:
                raise
            except Exception as error:
                bodies = call.answer.fault(_fault(error, call.method))
            await self._send(bodies)
        if scope.cancelled_caught:
            await self._send(
                call.answer.fault(Fault("canceled", "The caller ended this call.", "See `muxctl status`."))
            )

    def _post(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            self._line.post(body)

    async def _send(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            await self._line.send(body)


def complain(line: Line, id: int, message: str) -> None:
    """Answers what cannot be read as agreed; id 0 where it belongs to no call."""
    line.post(encode(Failed(id, Fault(PROTOCOL, message, "Update the client."))))


def _fault(error: Exception, method: str) -> Fault:
    """What to tell of whatever a handler raised; our own mistakes only to the log, since they may quote anything."""
    if isinstance(error, FaultError):
        return error.fault
    if isinstance(error, StoreFull):
        return Fault(STORAGE, "The disk is full, and nothing of this was kept.", "Make room, then ask again.")
    log.error("%s failed", method, exc_info=error)
    return Fault(INTERNAL, f"The daemon failed on {method!r}.", "`muxctl logs --daemon` says why.")


class _Running(NamedTuple):
    """A call and what ends it."""

    call: Call
    scope: anyio.CancelScope

    def drop(self) -> None:
        """The caller wants no answer any more."""
        self.call.dropped = True
        self.scope.cancel()
