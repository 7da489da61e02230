"""A real server on a real socket in the test's own loop, and raw connections to poke it with."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio.abc import SocketListener
from modelmuxd.edge.bounds import USUAL, Bounds
from modelmuxd.edge.render.base import Renderers
from modelmuxd.edge.server import Server
from modelmuxd.edge.table import Handlers
from muxwire.framing import FrameReader, frame
from muxwire.hello import hello
from muxwire.protocol import Call, FromDaemon, View, Welcome

encode = msgspec.msgpack.encode
decode_from_daemon = msgspec.msgpack.Decoder(FromDaemon).decode


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, SocketListener]]:
    """A path and what listens there."""
    with tempfile.TemporaryDirectory(prefix="mux") as folder:  # pytest's own paths can be too long for a socket
        path = str(Path(folder, "s"))
        async with await anyio.create_unix_listener(path) as listener:
            yield path, listener


@asynccontextmanager
async def serving(
    handlers: Handlers, *, renderers: Renderers | None = None, bounds: Bounds = USUAL
) -> AsyncIterator[tuple[str, Server]]:
    """The socket's path and the server, which ends with the block."""
    server = Server(handlers, version="9.9", renderers=renderers, bounds=bounds)
    async with listening() as (path, listener), anyio.create_task_group() as tasks:
        await tasks.start(partial(server.serve, listener))
        yield path, server
        tasks.cancel_scope.cancel()


class Raw:
    """A client that sends any bytes it likes."""

    def __init__(self, stream: anyio.abc.SocketStream) -> None:
        self.stream = stream
        self.frames = FrameReader()

    @classmethod
    @asynccontextmanager
    async def to(cls, path: str, *, greeted: bool = True) -> AsyncIterator[Raw]:
        async with await anyio.connect_unix(path) as stream:
            raw = cls(stream)
            if greeted:
                await raw.say(hello("probe", version="1"))
                assert isinstance(await raw.hear(), Welcome)
            yield raw

    async def say(self, message: Any) -> None:
        await self.stream.send(frame(encode(message)))

    async def call(self, id: int, method: str, params: Any = None, view: View | None = None) -> None:
        await self.say(Call(id, method, msgspec.Raw(encode(params if params is not None else {})), view))

    async def hear(self) -> Any:
        """The next message; None when the server has hung up."""
        with anyio.fail_after(20):
            while not self.frames.ready:
                try:
                    self.frames.feed(await self.stream.receive(262144))
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    return None
        return decode_from_daemon(next(self.frames))

    async def half_close(self) -> None:
        self.stream.extra(anyio.abc.SocketAttribute.raw_socket).shutdown(socket.SHUT_WR)
