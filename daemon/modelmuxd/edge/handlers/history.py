"""`history`: what has ended, as a list or as sums."""

from __future__ import annotations

from muxwire.history import HistoryParams, HistoryResult

from modelmuxd.edge.calls import Call
from modelmuxd.engine.history import History as Engine


class History:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, params: HistoryParams, call: Call) -> HistoryResult:
        return await self._engine.ask(params)
