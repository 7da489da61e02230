"""`clean` and `space`: what goes, at a person's word, and what the record takes."""

from __future__ import annotations

from muxwire.insight import Nothing
from muxwire.retention import CleanParams, CleanResult, Space

from modelmuxd.edge.calls import Call
from modelmuxd.edge.people import refuse_agents
from modelmuxd.engine.retention import Retention as Engine
from modelmuxd.engine.runs import Runs


class Retention:
    def __init__(self, engine: Engine, runs: Runs) -> None:
        self._engine = engine
        self._runs = runs

    async def clean(self, params: CleanParams, call: Call) -> CleanResult:
        if not params.dry_run:
            await refuse_agents(self._runs, call)
        return await self._engine.clean(params)

    async def space(self, params: Nothing, call: Call) -> Space:
        return await self._engine.space()
