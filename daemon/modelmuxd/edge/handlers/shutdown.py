"""`shutdown`: end the daemon, and say what becomes of the agents."""

from __future__ import annotations

import os
from collections.abc import Callable

from muxwire.insight import DrainEvent, ShutdownParams, ShutdownResult

from modelmuxd.edge.calls import Call
from modelmuxd.engine.ending import Ending


class Shutdown:
    """`stop` begins the daemon's own end; it is called when there is nothing left to wait for."""

    def __init__(self, ending: Ending, stop: Callable[[], None]) -> None:
        self._ending = ending
        self._stop = stop

    async def __call__(self, params: ShutdownParams, call: Call) -> ShutdownResult:
        running = self._ending.running
        self._ending.refuse_new_work()
        if params.mode == "kill":
            self._ending.kill()
        if params.mode != "leave":
            async for left in self._ending.gone():
                await call.event(DrainEvent(running=left))
        self._stop()
        return ShutdownResult(pid=os.getpid(), running=running)
