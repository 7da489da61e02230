"""Following a run that was just accepted: until its end, its caller's patience or its caller's hang-up."""

from __future__ import annotations

import anyio
import msgspec
from muxwire.events import RunEvent, StateChanged

from modelmuxd.edge.calls import Call
from modelmuxd.engine.runs import Runs
from modelmuxd.store.records import Task


async def follow(
    runs: Runs, task: Task, call: Call, *, wait_s: float | None, background: bool, cancel_on_hangup: bool
) -> Task:
    """As it stands afterwards. It goes on when the caller hangs up, unless it asked otherwise: detaching is not
    cancelling."""
    if not background:
        try:
            await _follow(runs, task, call, wait_s)
        finally:
            if cancel_on_hangup and call.left:
                await _cancel(runs, task, call)
    return await runs.find(task.new.run_id)


async def _cancel(runs: Runs, task: Task, call: Call) -> None:
    """The caller is gone before the run's end, by whatever death. Not at our own: then its runs go on."""
    with anyio.CancelScope(shield=True):
        await runs.cancel(task.new.run_id, f"the hang-up of its {call.hello.role}")


async def _follow(runs: Runs, task: Task, call: Call, seconds: float | None) -> None:
    """Stream to whoever sees a stream; a pipe that gets one line at the end only waits for it."""
    await call.named(task.new.run_id)
    if call.view is not None and not call.view.tty:
        await runs.wait([task.new.run_id], seconds)
        return
    with anyio.move_on_after(seconds):
        async for event in runs.watch(task.new.run_id):
            await call.event(_named(event, task.new.run_id))


def _named(event: RunEvent, run_id: str) -> RunEvent:
    """Whoever has dispatched learns the run's name as soon as anything is known of it."""
    return msgspec.structs.replace(event, run_id=run_id) if isinstance(event, StateChanged) else event
