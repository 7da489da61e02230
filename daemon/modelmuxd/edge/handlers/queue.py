"""`queue`: what keeps runs waiting, and to pause and resume it."""

from __future__ import annotations

from muxwire.queue import QueueParams, QueueResult

from modelmuxd.edge.calls import Call
from modelmuxd.engine.line import Line


class Queue:
    def __init__(self, line: Line) -> None:
        self._line = line

    async def __call__(self, params: QueueParams, call: Call) -> QueueResult:
        match params.action:
            case "pause":
                return await self._line.pause(params.provider, f"{call.hello.role} of uid {call.peer.uid}")
            case "resume":
                return await self._line.resume(params.provider)
            case "show":
                return self._line.show()
