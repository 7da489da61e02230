"""`ping`, `version`, `status`, `live` and `facts`: what the daemon tells about itself."""

from __future__ import annotations

import os
import platform

import anyio
from muxwire.insight import (
    DaemonFacts,
    LiveStatus,
    Nothing,
    Pong,
    Status,
    StatusParams,
    Version,
)
from muxwire.protocol import PROTOCOL

from modelmuxd.edge.calls import Call
from modelmuxd.engine.status import StatusBoard

LIVE_EVERY = 0.25
"""Seconds between two pictures of a live view at least."""
LIVE_REFRESH = 1.0
"""Seconds after which a picture is drawn again although nothing happened: elapsed times move."""


class Insight:
    def __init__(self, board: StatusBoard, version: str) -> None:
        self._board = board
        self._version = Version(version=version, protocol=PROTOCOL, pid=os.getpid(), python=platform.python_version())

    def ping(self, params: Nothing, call: Call) -> Pong:
        return Pong(pid=os.getpid())

    def version(self, params: Nothing, call: Call) -> Version:
        return self._version

    async def status(self, params: StatusParams, call: Call) -> Status:
        return await self._board.status(params.limit)

    async def live(self, params: StatusParams, call: Call) -> Status:
        """Until the caller hangs up: a picture at each change, and one a second while something runs."""
        while True:
            changed = self._board.changed()
            status = await self._board.status(params.limit)
            await call.event(LiveStatus(status=status))
            await anyio.sleep(LIVE_EVERY)
            with anyio.move_on_after(LIVE_REFRESH if status.running or status.waiting else None):
                await changed.wait()

    def facts(self, params: Nothing, call: Call) -> DaemonFacts:
        return self._board.facts()
