"""`dispatch` and `retry`: take a task, follow it, give its result."""

from __future__ import annotations

import anyio
import msgspec
from muxwire.events import RunEvent, StateChanged
from muxwire.runs import DispatchParams, RetryParams, RunResult

from modelmuxd.edge.calls import Call
from modelmuxd.edge.origin import origin_of
from modelmuxd.engine.runs import Runs
from modelmuxd.store.records import Task


class Dispatch:
    """The run goes on when the caller hangs up, unless it asked otherwise: detaching is not cancelling."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def __call__(self, params: DispatchParams, call: Call) -> RunResult:
        return await self._take(params, call)

    async def retry(self, params: RetryParams, call: Call) -> RunResult:
        asked, old = await self._runs.again(params)
        return await self._take(asked, call, retry_of=old)

    async def _take(self, params: DispatchParams, call: Call, retry_of: str = "") -> RunResult:
        params = await self._runs.resolved(params)
        names = await self._runs.secret_names(params)
        secrets = await call.need(names)
        origin = await origin_of(self._runs, call, caller=params.origin.caller, workdir=params.workdir)
        task = await self._runs.accept(params, origin, secrets, retry_of=retry_of)
        if not params.background:
            try:
                await self._follow(task, call, params.wait_s)
            finally:
                if params.cancel_on_hangup and call.left:
                    await self._cancel(task, call)
        return await self._runs.result(await self._runs.find(task.new.run_id))

    async def _cancel(self, task: Task, call: Call) -> None:
        """The caller is gone before the run's end, by whatever death. Not at our own: then its runs go on."""
        with anyio.CancelScope(shield=True):
            await self._runs.cancel(task.new.run_id, f"the hang-up of its {call.hello.role}")

    async def _follow(self, task: Task, call: Call, seconds: float | None) -> None:
        """Stream to whoever sees a stream; a pipe that gets one line at the end only waits for it."""
        await call.named(task.new.run_id)
        if call.view is not None and not call.view.tty:
            await self._runs.wait([task.new.run_id], seconds)
            return
        with anyio.move_on_after(seconds):
            async for event in self._runs.watch(task.new.run_id):
                await call.event(_named(event, task.new.run_id))


def _named(event: RunEvent, run_id: str) -> RunEvent:
    """Whoever has dispatched learns the run's name as soon as anything is known of it."""
    return msgspec.structs.replace(event, run_id=run_id) if isinstance(event, StateChanged) else event
