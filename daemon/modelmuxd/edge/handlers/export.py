"""`export`: all that has ended, as a stream; no more than a page of it is in memory."""

from __future__ import annotations

import msgspec
from muxwire.export import ExportHead, ExportPage, ExportParams, ExportResult
from muxwire.history import HistoryParams

from modelmuxd.edge.calls import Call
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.history import History


class Export:
    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock

    async def __call__(self, params: ExportParams, call: Call) -> ExportResult:
        filters = {name: getattr(params, name) for name in params.__struct_fields__ if name != "format"}
        wanted = HistoryParams(**filters)
        asked = msgspec.structs.replace(wanted, stats=True, costs=True)
        await call.event(ExportHead(self._clock.now(), await self._history.ask(asked)))
        count = 0
        async for page in self._history.pages(wanted):
            await call.event(ExportPage(page.lines))
            count += page.count
        return ExportResult(count)
