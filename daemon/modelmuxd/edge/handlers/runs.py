"""`show`, `why`, `watch`, `attach`, `wait`, `cancel`, `answer` and `sessions`: runs that exist."""

from __future__ import annotations

from collections.abc import Sequence

from muxwire.detail import RunDetail
from muxwire.faults import USAGE, refuse
from muxwire.runs import (
    AnswerParams,
    AttachParams,
    CancelParams,
    CancelResult,
    RunRef,
    RunResult,
    WaitParams,
    WaitResult,
    WatchParams,
)
from muxwire.sessions import SessionList, SessionsParams

from modelmuxd.edge.calls import Call
from modelmuxd.edge.origin import origin_of
from modelmuxd.engine.runs import Runs as Engine
from modelmuxd.store.records import Task

CANCEL_WAIT = 15.0
"""Seconds that `cancel` waits for trees to be dead: the grace period, and what killing takes on a busy machine."""


class Runs:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def show(self, params: RunRef, call: Call) -> RunDetail:
        return await self._engine.detail(await self._engine.find(params.run_id))

    async def watch(self, params: WatchParams, call: Call) -> RunResult:
        task = await self._engine.find(params.run_id)
        if params.follow:
            await self._supply([task], call)
        async for event in self._engine.watch(task.new.run_id, params.since, follow=params.follow):
            await call.event(event)
        return await self._engine.result(await self._engine.find(task.new.run_id))

    async def attach(self, params: AttachParams, call: Call) -> RunResult:
        run_id = (await self._engine.find(params.run_id)).new.run_id
        await call.named(run_id)
        return await self.watch(WatchParams(run_id, params.since, follow=True), call)

    async def sessions(self, params: SessionsParams, call: Call) -> SessionList:
        return SessionList(tuple(await self._engine.sessions(params.limit)))

    async def answer(self, params: AnswerParams, call: Call) -> RunResult:
        if not params.text.strip():
            raise refuse(USAGE, "The answer is empty.", "Give it as words: muxctl answer RUN yes.")
        task = await self._engine.find(params.run_id)
        return await self._engine.result(await self._engine.answer(task.new.run_id, params.text))

    async def wait(self, params: WaitParams, call: Call) -> WaitResult:
        found = [await self._engine.find(run) for run in params.run_ids]
        await self._supply(found, call)
        tasks = await self._engine.wait([task.new.run_id for task in found], params.wait_s)
        return WaitResult(runs=tuple([await self._engine.result(task) for task in tasks]))

    async def _supply(self, tasks: Sequence[Task], call: Call) -> None:
        """A user who waits for runs of an earlier daemon can give them the keys that died with it; an agent cannot."""
        if (names := self._engine.lacking(tasks)) and not await self._engine.parent(call.peer.pid):
            self._engine.supply(await call.need(names))

    async def cancel(self, params: CancelParams, call: Call) -> CancelResult:
        ids = await self._named(params, call)
        for run_id in ids:
            await self._engine.cancel(run_id, call.hello.role)
        tasks = await self._engine.wait(ids, CANCEL_WAIT)
        return CancelResult(runs=tuple([await self._engine.result(task) for task in tasks]))

    async def _named(self, params: CancelParams, call: Call) -> list[str]:
        if params.mine:
            return [task.new.run_id for task in await self._engine.unfinished(await origin_of(self._engine, call))]
        if params.all:
            return [task.new.run_id for task in await self._engine.unfinished()]
        if not params.run_ids:
            raise refuse(USAGE, "No run is named.", "Name runs, or say --mine or --all.")
        return [(await self._engine.find(run)).new.run_id for run in params.run_ids]
