"""`benchmark`: list its tasks, tell what it would take, run it. A person's to decide: it costs."""

from __future__ import annotations

from muxwire.benchmark import BenchmarkParams, BenchmarkResult
from muxwire.faults import USAGE, refuse
from muxwire.runs import Origin

from modelmuxd.edge.calls import Call
from modelmuxd.edge.people import refuse_agents
from modelmuxd.engine.benchmark.benchmark import Benchmark as Engine
from modelmuxd.engine.benchmark.cells import KIND
from modelmuxd.engine.runs import Runs


class Benchmark:
    def __init__(self, engine: Engine, runs: Runs) -> None:
        self._engine = engine
        self._runs = runs

    async def __call__(self, params: BenchmarkParams, call: Call) -> BenchmarkResult:
        if params.suite and not params.suite.startswith("/"):
            raise refuse(USAGE, f"The folder {params.suite!r} is not absolute.", "Clients send absolute folders.")
        if params.list_tasks:
            return BenchmarkResult(tasks=await self._engine.tasks(params))
        origin = Origin(kind=KIND, principal=str(call.peer.uid))
        laid = await self._engine.lay(params, origin.principal)
        if params.dry_run:
            return await self._engine.estimate(laid)
        await refuse_agents(self._runs, call)
        secrets = await call.need(await self._engine.secret_names(params, laid.seats))
        return await self._engine.run(params, laid, origin, secrets, call.event)
