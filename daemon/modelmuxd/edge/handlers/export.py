"""`export`: all that has ended, as a stream; no more than a page of it is in memory."""

from __future__ import annotations

import msgspec
from muxwire.export import ExportHead, ExportPage, ExportParams, ExportResult
from muxwire.history import HistoryParams

from modelmuxd.edge.calls import Call
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.history import History

AT_ONCE = 64
"""Runs in one event: as printed they fit into one message, and other calls have the loop in between."""


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
            for first in range(0, len(page), AT_ONCE):
                await call.event(ExportPage(page[first : first + AT_ONCE]))
            count += len(page)
        return ExportResult(count)
