"""`export`: all that has ended, as a stream; no more than a page of it is in memory."""

from __future__ import annotations

import msgspec
from muxwire.export import ExportHead, ExportPage, ExportParams, ExportResult
from muxwire.history import HistoryEntry, HistoryParams

from modelmuxd.edge.calls import Call
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.history import History

PAGE = 100


class Export:
    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock

    async def __call__(self, params: ExportParams, call: Call) -> ExportResult:
        filters = {name: getattr(params, name) for name in params.__struct_fields__ if name != "format"}
        wanted = HistoryParams(**filters)
        asked = msgspec.structs.replace(wanted, stats=True, costs=True)
        await call.event(ExportHead(self._clock.now(), await self._history.ask(asked)))
        count, page = 0, list[HistoryEntry]()
        async for entry in self._history.each(wanted):
            page.append(entry)
            if len(page) == PAGE:
                await call.event(ExportPage(tuple(page)))
                count, page = count + PAGE, []
        if page:
            await call.event(ExportPage(tuple(page)))
        return ExportResult(count + len(page))
