"""`dispatch` and `retry`: take a task, follow it, give its result."""

from __future__ import annotations

from muxwire.runs import DispatchParams, RetryParams, RunResult

from modelmuxd.domain.plans import Plan, may_replace, providers_of
from modelmuxd.edge.calls import Call
from modelmuxd.edge.handlers.following import follow
from modelmuxd.edge.origin import origin_of
from modelmuxd.engine.callers import Callers
from modelmuxd.engine.composites.composites import Composites
from modelmuxd.engine.runs import Runs
from modelmuxd.store.records import NewTask


class Dispatch:
    def __init__(self, runs: Runs, composites: Composites, callers: Callers) -> None:
        self._runs = runs
        self._composites = composites
        self._callers = callers

    async def __call__(self, params: DispatchParams, call: Call) -> RunResult:
        return await self._take(params, call)

    async def retry(self, params: RetryParams, call: Call) -> RunResult:
        asked, old = await self._runs.again(params)
        return await self._take(asked, call, old.new)

    async def _take(self, params: DispatchParams, call: Call, old: NewTask | None = None) -> RunResult:
        params, plan = await self._runs.resolved(params), old.plan if old else None
        words = providers_of(plan) if plan else ()
        secrets = await call.need(await self._runs.secret_names(params, words, others=_others(params, plan)))
        if params.decompose:
            plan = await self._composites.decomposition(params, frozenset(secrets))
        origin = await origin_of(self._runs, call, workdir=params.workdir)
        client, parent = params.origin.caller, origin.parent
        caller = await self._callers.find(call.peer.pid, client=client, parent=parent, workdir=params.workdir)
        retry_of = old.run_id if old else ""
        task = await self._runs.accept(params, origin, secrets, caller=caller, retry_of=retry_of, plan=plan)
        task = await follow(
            self._runs,
            task,
            call,
            wait_s=params.wait_s,
            background=params.background,
            cancel_on_hangup=params.cancel_on_hangup,
        )
        return await self._runs.result(task)


def _others(params: DispatchParams, plan: Plan | None) -> bool:
    """Whether it may be given to more than those whom it names."""
    return params.decompose or (plan is not None and may_replace(plan))
