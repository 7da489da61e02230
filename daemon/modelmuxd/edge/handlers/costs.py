"""`costs` and `budget`: what runs came to, the past priced anew, and what budgets leave."""

from __future__ import annotations

from muxwire.budget import BudgetReport
from muxwire.costs import CostsParams, CostsResult
from muxwire.insight import Nothing

from modelmuxd.edge.calls import Call
from modelmuxd.edge.people import refuse_agents
from modelmuxd.engine.budgets import Purses
from modelmuxd.engine.costs import Costs as Engine
from modelmuxd.engine.runs import Runs


class Costs:
    def __init__(self, engine: Engine, purses: Purses, runs: Runs) -> None:
        self._engine = engine
        self._purses = purses
        self._runs = runs

    async def costs(self, params: CostsParams, call: Call) -> CostsResult:
        """An agent may look; what the past came to is for people to change."""
        if params.action == "show":
            return await self._engine.show(params)
        await refuse_agents(self._runs, call)
        return await self._engine.reprice()

    async def budget(self, params: Nothing, call: Call) -> BudgetReport:
        return await self._purses.report()
