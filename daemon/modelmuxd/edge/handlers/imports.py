"""`import`: take over what another version kept, at a person's word."""

from __future__ import annotations

from muxwire.imports import ImportParams, ImportResult

from modelmuxd.edge.calls import Call
from modelmuxd.edge.people import refuse_agents
from modelmuxd.engine.imports.imports import Imports as Engine
from modelmuxd.engine.runs import Runs


class Imports:
    def __init__(self, engine: Engine, runs: Runs) -> None:
        self._engine = engine
        self._runs = runs

    async def __call__(self, params: ImportParams, call: Call) -> ImportResult:
        await refuse_agents(self._runs, call)
        return await self._engine.run(params)
