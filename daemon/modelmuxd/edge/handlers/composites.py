"""`broadcast`, `collaborate`, `workflow` and what there is of them: tasks made of tasks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from muxwire.broadcast import BroadcastParams, BroadcastResult
from muxwire.collaborate import CollaborateParams, CollaborateResult, PatternList, PatternsParams
from muxwire.insight import Caller
from muxwire.runs import DispatchParams, Origin, RunResult
from muxwire.workflow import WorkflowList, WorkflowParams, WorkflowResult, WorkflowsParams

from modelmuxd.domain.plans import Broadcast, Collaboration, Plan, Workflow, may_replace, providers_of
from modelmuxd.edge.calls import Call
from modelmuxd.edge.handlers.following import follow
from modelmuxd.edge.origin import origin_of
from modelmuxd.engine.accept import payload_hash
from modelmuxd.engine.callers import Callers
from modelmuxd.engine.composites.asking import as_dispatch
from modelmuxd.engine.composites.composites import Composites as Engine
from modelmuxd.engine.runs import Runs
from modelmuxd.store.records import Task

Outcome = RunResult | BroadcastResult | CollaborateResult | WorkflowResult


class Composites:
    def __init__(self, runs: Runs, engine: Engine, callers: Callers) -> None:
        self._runs = runs
        self._callers = callers
        self._engine = engine

    async def broadcast(self, params: BroadcastParams, call: Call) -> BroadcastResult:
        words = params.providers or ("auto",)
        judge = (params.judge,) if params.judge else ()
        secrets = await call.need(await self._runs.secret_names(as_dispatch(params), (*words, *judge)))
        origin, caller = await self._asking(params, call)
        left_out = caller.provider if caller.excluded else ""
        asked, plan = await self._engine.broadcast(params, frozenset(secrets), left_out=left_out)
        task = await self._accept(params, asked, plan, secrets, call, origin, caller)
        return await self._engine.broadcast_result(task)

    async def collaborate(self, params: CollaborateParams, call: Call) -> CollaborateResult:
        asked, plan = await self._engine.collaborate(params)
        return await self._engine.collaborate_result(await self._take(params, asked, plan, call))

    async def patterns(self, params: PatternsParams, call: Call) -> PatternList:
        return await self._engine.patterns(params)

    async def workflow(self, params: WorkflowParams, call: Call) -> WorkflowResult:
        asked, plan = await self._engine.workflow(params)
        return await self._engine.workflow_result(await self._take(params, asked, plan, call))

    async def workflows(self, params: WorkflowsParams, call: Call) -> WorkflowList:
        return await self._engine.workflows(params)

    async def outcome(self, run_id: str) -> Outcome:
        """What the run would have answered whoever asked for it, as it stands."""
        task = await self._runs.find(run_id)
        kinds: dict[type[Any], Callable[[Task], Awaitable[Outcome]]] = {
            Broadcast: self._engine.broadcast_result,
            Collaboration: self._engine.collaborate_result,
            Workflow: self._engine.workflow_result,
        }
        return await kinds.get(type(task.new.plan), self._runs.result)(task)

    async def _take(
        self,
        params: CollaborateParams | WorkflowParams,
        asked: DispatchParams,
        plan: Plan,
        call: Call,
    ) -> Task:
        names = await self._runs.secret_names(asked, providers_of(plan), others=may_replace(plan))
        return await self._accept(params, asked, plan, await call.need(names), call, *await self._asking(params, call))

    async def _asking(
        self, params: BroadcastParams | CollaborateParams | WorkflowParams, call: Call
    ) -> tuple[Origin, Caller]:
        """Who it is on the other side, and which provider that is."""
        origin = await origin_of(self._runs, call, workdir=params.workdir)
        client, parent = params.origin.caller, origin.parent
        return origin, await self._callers.find(call.peer.pid, client=client, parent=parent, workdir=params.workdir)

    async def _accept(
        self,
        params: BroadcastParams | CollaborateParams | WorkflowParams,
        asked: DispatchParams,
        plan: Plan,
        secrets: Mapping[str, str],
        call: Call,
        origin: Origin,
        caller: Caller,
    ) -> Task:
        payload = payload_hash(params)
        task = await self._runs.accept(asked, origin, secrets, caller=caller, plan=plan, payload=payload)
        return await follow(
            self._runs,
            task,
            call,
            wait_s=params.wait_s,
            background=params.background,
            cancel_on_hangup=params.cancel_on_hangup,
        )
