"""The accept loop: one task per connection, so that whoever is slow or rude holds up only itself."""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketAttribute, SocketListener, SocketStream, TaskStatus
from muxwire.line import Line, LineLost
from muxwire.peer import Peer, peer_of
from muxwire.protocol import HELLO_LIMIT

from modelmuxd.edge.bounds import USUAL, Bounds
from modelmuxd.edge.calls import Handlers
from modelmuxd.edge.render.base import Renderers
from modelmuxd.edge.session import Session

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
        self._handlers = handlers
        self._version = version
        self._renderers = renderers
        self._bounds = bounds
        self._sessions: set[Session] = set()
        self._strangers: dict[Line, None] = {}
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
        for line in tuple(self._strangers):
            line.abort()
        for session in self._sessions:
            session.drain()

    async def _serve(self, stream: SocketStream) -> None:
        try:
            async with _line_over(stream, self._bounds) as (line, peer):
                if peer.trusted:
                    await self._session(line, peer)
                else:
                    log.warning("refused a connection of uid %d", peer.uid)
        except (LineLost, OSError) as error:
            log.debug("a client is gone: %s", error)
        except Exception:
            log.exception("a session failed")

    async def _session(self, line: Line, peer: Peer) -> None:
        session = Session(line, peer, self._handlers, self._renderers, self._version, self._bounds)
        if not await self._greeted(session, line):
            return
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)
            self.quiet_since = time.monotonic()

    async def _greeted(self, session: Session, line: Line) -> bool:
        if self._accepting.cancel_called:
            return False
        if len(self._strangers) >= self._bounds.strangers:
            next(iter(self._strangers)).abort()
        self._strangers[line] = None
        try:
            return await session.greet()
        finally:
            del self._strangers[line]


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


@asynccontextmanager
async def _line_over(stream: SocketStream, bounds: Bounds) -> AsyncIterator[tuple[Line, Peer]]:
    """The connection as a line, small frames only until the hello, hung up at the end."""
    sock: socket.socket = stream.extra(SocketAttribute.raw_socket).dup()  # noqa: S610 - not Django's
    await stream.aclose()
    sock.setblocking(False)
    peer = peer_of(sock)
    line = await Line.over(sock, limit=HELLO_LIMIT, stall=bounds.stall)
    try:
        yield line, peer
    finally:
        await line.aclose()
