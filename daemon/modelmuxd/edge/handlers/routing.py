"""`route` and `routing`: whom a task would go to, and what the router has learned."""

from __future__ import annotations

import msgspec
from muxwire.faults import USAGE, refuse
from muxwire.routing import Route, RoutingParams
from muxwire.routing import Routing as Learning
from muxwire.runs import DispatchParams

from modelmuxd.domain.knowledge import Knowledge
from modelmuxd.edge.calls import Call
from modelmuxd.edge.people import refuse_agents
from modelmuxd.engine.callers import Callers
from modelmuxd.engine.learned import Learned
from modelmuxd.engine.route import Routes
from modelmuxd.engine.runs import Runs


class Routing:
    def __init__(self, routes: Routes, learned: Learned, callers: Callers, runs: Runs) -> None:
        self._routes = routes
        self._learned = learned
        self._callers = callers
        self._runs = runs

    async def route(self, params: DispatchParams, call: Call) -> Route:
        """Nothing is run and nothing is kept."""
        secrets = await call.need(await self._runs.secret_names(params))
        parent, client = await self._runs.parent(call.peer.pid), params.origin.caller
        caller = await self._callers.find(call.peer.pid, client=client, parent=parent, workdir=params.workdir)
        return await self._routes.of(params, secrets, caller)

    async def learning(self, params: RoutingParams, call: Call) -> Learning:
        known = await self._learned.now()
        if params.action != "export":
            await refuse_agents(self._runs, call)
            known = await self._learned.replace(_knowledge(params))
        projects = {name for agent in known.agents.values() for name in agent.projects}
        return Learning(knowledge=msgspec.to_builtins(known), agents=len(known.agents), projects=len(projects))


def _knowledge(params: RoutingParams) -> Knowledge:
    if params.action == "reset":
        return Knowledge()
    try:
        return msgspec.convert(params.knowledge, Knowledge)
    except msgspec.ValidationError as error:
        text = f"This is not what `muxctl routing export` wrote: {error}."
        raise refuse(USAGE, text, "Give the file that it wrote, whole.") from None
