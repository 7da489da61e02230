"""What became of a composite, derived from its task and those of its turns."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from muxwire.broadcast import BroadcastResult, Tally
from muxwire.runs import RunResult

from modelmuxd.engine.results import cost_of, duration_of, token_usage
from modelmuxd.store.records import Task


def broadcast_result(task: Task, turns: Sequence[RunResult], now: float) -> BroadcastResult:
    """`turns` in the order in which they were asked."""
    good = sum(turn.status == "success" for turn in turns)
    return BroadcastResult(
        run_id=task.new.run_id,
        status=task.state,
        providers=tuple(turn.step for turn in turns),
        results=tuple(turns),
        summary=Tally(total=len(turns), success=good, error=len(turns) - good),
        duration_seconds=duration_of(task, now),
        token_usage=token_usage(task.usage),
        cost=cost_of(task.cost_micros),
        error=task.fault,
        next="" if task.ended_at is not None else f"muxctl wait {task.new.run_id}",
    )


def within(turns: Sequence[RunResult], limit: int) -> list[RunResult]:
    """The same with answers cut so that all of them have `limit` characters at most, each an equal share."""
    share = limit // max(1, len(turns))
    return [turn if len(turn.output) <= share else _cut(turn, share) for turn in turns]


def _cut(turn: RunResult, share: int) -> RunResult:
    size = turn.output_size or len(turn.output.encode())
    return msgspec.structs.replace(turn, output=turn.output[:share], output_size=size)
