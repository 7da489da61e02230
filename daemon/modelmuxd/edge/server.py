"""The accept loop: one task per connection, so that whoever is slow or rude holds up only itself."""

from __future__ import annotations

import errno
import logging
import socket
import time

import anyio
from anyio.abc import SocketAttribute, SocketListener, SocketStream, TaskStatus
from muxwire.peer import peer_of

from modelmuxd.edge.bounds import USUAL, Bounds
from modelmuxd.edge.render.base import Renderers
from modelmuxd.edge.serving import Serving
from modelmuxd.edge.session import Session
from modelmuxd.edge.table import Handlers

log = logging.getLogger(__name__)

NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
BREATH = 0.1
"""Seconds before accepting again when the machine or our own limits have no room for one more connection."""


class Server:
    """Serves handlers to every connection of one listener.

    `version` is what the daemon says in its welcome. Without `renderers` the feature `view` is not offered.
    """

    def __init__(
        self, handlers: Handlers, *, version: str, renderers: Renderers | None = None, bounds: Bounds = USUAL
    ) -> None:
        self._serving = Serving(handlers, version, renderers, bounds)
        self._sessions: set[Session] = set()
        self._strangers: dict[Session, None] = {}  # in the order of their coming
        self._accepting = anyio.CancelScope()
        self.quiet_since = time.monotonic()
        """When a client last hung up, on the monotonic clock; what idle exit counts from."""

    @property
    def connections(self) -> int:
        """Clients that have said hello and not gone."""
        return len(self._sessions)

    async def serve(
        self, listener: SocketListener, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Runs until cancelled, or until `drain` has come to its end. The listener stays the caller's."""
        async with anyio.create_task_group() as tasks:
            task_status.started()
            with self._accepting:
                while True:
                    if stream := await _accept(listener):
                        tasks.start_soon(self._serve, stream)

    def drain(self) -> None:
        """Accepts no more connections and calls; `serve` returns when the calls in flight have been answered."""
        self._accepting.cancel()
        for session in self._strangers:
            session.line.abort()
        for session in self._sessions:
            session.drain()

    async def _serve(self, stream: SocketStream) -> None:
        try:
            sock: socket.socket = stream.extra(SocketAttribute.raw_socket).dup()  # noqa: S610 - not Django's
            await stream.aclose()
            peer = peer_of(sock)
            if not peer.trusted:
                log.warning("refused a connection of uid %d", peer.uid)
                sock.close()
                return
            async with anyio.create_task_group() as calls:
                await self._session(Session(self._serving, peer, calls), sock)
                calls.cancel_scope.cancel()
        except Exception:
            log.exception("a session failed")

    async def _session(self, session: Session, sock: socket.socket) -> None:
        await session.line.open(sock)
        try:
            if await self._greeted(session):
                self._sessions.add(session)
                await session.serve()
        finally:
            self._sessions.discard(session)
            self.quiet_since = time.monotonic()
            await session.line.aclose()

    async def _greeted(self, session: Session) -> bool:
        if self._accepting.cancel_called:
            return False
        if len(self._strangers) >= self._serving.bounds.strangers:
            next(iter(self._strangers)).line.abort()
        self._strangers[session] = None
        try:
            return await session.greet()
        finally:
            del self._strangers[session]


async def _accept(listener: SocketListener) -> SocketStream | None:
    """One connection; None when this one came to nothing."""
    try:
        return await listener.accept()
    except anyio.BrokenResourceError as broken:
        error = broken.__cause__
        if not isinstance(error, OSError) or error.errno not in {errno.ECONNABORTED, *NO_ROOM}:
            raise
        log.warning("accept: %s", error)
        await anyio.sleep(BREATH)
        return None
