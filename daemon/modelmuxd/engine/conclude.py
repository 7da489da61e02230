"""From how an attempt ended to what follows for the run. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
from muxwire.events import AttemptEnded
from muxwire.faults import LOST
from muxwire.words import FinalState

from modelmuxd.domain.decision import FailOver, GiveUp, RetryAt
from modelmuxd.engine.retry import Tried, decide
from modelmuxd.store.interface import Decided, Settle, Task


def conclude(
    ended: Settle, task: Task, tried: Tried, *, provider: str, now: float, jitter: Callable[[], float] = random.random
) -> Settle:
    """The settle with the run's next state, the decision, and the event that tells it."""
    if ended.fault is None:
        return _finish(ended, "success", "")
    after = decide(ended.fault, tried, jitter=jitter)
    if task.canceling or isinstance(after, GiveUp):
        return _finish(ended, final_state(ended.fault.code), after.why)
    if isinstance(after, FailOver):
        return _go_on(ended, "failover", after.why, failover_from=provider)
    return _retry(ended, after, now)


def final_state(code: str) -> FinalState:
    """The run's last word for a fault that ends it."""
    match code:
        case "timeout" | "canceled":
            return code
        case _ if code == LOST:
            return "lost"
        case _:
            return "error"


def _finish(ended: Settle, state: FinalState, why: str) -> Settle:
    return msgspec.structs.replace(
        ended,
        state=state,
        events=(*ended.events, AttemptEnded(attempt=ended.number, fault=ended.fault, decision=why)),
        decisions=(Decided(kind="end", text=why or "the agent finished"),),
    )


def _retry(ended: Settle, after: RetryAt, now: float) -> Settle:
    later = _go_on(ended, "retry", after.why)
    return msgspec.structs.replace(
        later, waiting="not_before", waiting_for=f"not before: {after.why}", not_before=now + after.delay
    )


def _go_on(ended: Settle, kind: str, why: str, failover_from: str = "") -> Settle:
    """What came so far stays in the attempt's folder; the run's answer will be another attempt's."""
    return msgspec.structs.replace(
        ended,
        failover_from=failover_from,
        output="",
        output_file="",
        output_size=0,
        summary="",
        events=(*ended.events, AttemptEnded(attempt=ended.number, fault=ended.fault, decision=f"{kind}: {why}")),
        decisions=(Decided(kind=kind, text=why),),
    )
