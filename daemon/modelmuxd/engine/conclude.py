"""From how an attempt ended to what follows for the run and for its account. Pure."""

from __future__ import annotations

import random

import msgspec
from muxwire.events import AttemptEnded
from muxwire.faults import LOST
from muxwire.words import FinalState

from modelmuxd.domain.decision import FailOver, GiveUp, Park, RetryAt
from modelmuxd.engine.health import cooldown, health
from modelmuxd.engine.plan import named
from modelmuxd.engine.retry import Jitter, Tried, decide
from modelmuxd.store.records import Attempt, Decided, Settle, Task


def conclude(ended: Settle, task: Task, attempt: Attempt, tried: Tried, *, jitter: Jitter = random.random) -> Settle:
    """The settle with the run's next state, the decision, the event that tells it, and what it says of the account."""
    cool = cooldown(
        ended.fault, account=attempt.account, provider=attempt.provider, now=tried.now, met=max(1, tried.limited)
    )
    ended = msgspec.structs.replace(ended, cooldown=cool, health=health(ended.fault))
    if ended.fault is None:
        return _finish(_other_than_named(ended, task, attempt), "success", "")
    after = decide(ended.fault, msgspec.structs.replace(tried, limit_until=cool.until if cool else 0.0), jitter=jitter)
    if task.canceling:
        return _finish(ended, final_state(ended.fault.code), "it is being canceled")
    match after:
        case GiveUp(why, hint):
            return _finish(_hinted(ended, hint), final_state(ended.fault.code), why)
        case FailOver(why):
            return _go_on(ended, "failover", why, failover_from=attempt.provider)
        case RetryAt():
            return _retry(ended, after, tried.now)
        case Park():
            return _park(ended, after)


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


def _hinted(ended: Settle, hint: str) -> Settle:
    assert ended.fault
    if not hint or ended.fault.hint:
        return ended
    return msgspec.structs.replace(ended, fault=msgspec.structs.replace(ended.fault, hint=hint))


def _other_than_named(ended: Settle, task: Task, attempt: Attempt) -> Settle:
    """Whom the user named was passed over for a limit before it was ever asked: that is failing over as well."""
    asked = named(task.new)
    if not asked or attempt.provider == asked or task.failover_from:
        return ended
    return msgspec.structs.replace(ended, failover_from=asked)


def _retry(ended: Settle, after: RetryAt, now: float) -> Settle:
    later = _go_on(ended, "retry", after.why)
    return msgspec.structs.replace(
        later, waiting="not_before", waiting_for=f"not before: {after.why}", not_before=now + after.delay
    )


def _park(ended: Settle, after: Park) -> Settle:
    """What an agent said before it asked is part of the question."""
    later = _go_on(ended, "park", after.why)
    if after.waiting == "input":
        later = msgspec.structs.replace(
            later,
            summary=ended.summary,
            output=ended.output,
            output_file=ended.output_file,
            output_head=ended.output_head,
            output_size=ended.output_size,
        )
    return msgspec.structs.replace(later, waiting=after.waiting, waiting_for=after.text, not_before=after.until)


def _go_on(ended: Settle, kind: str, why: str, failover_from: str = "") -> Settle:
    """What came so far stays in the attempt's folder; the run's answer will be another attempt's."""
    return msgspec.structs.replace(
        ended,
        failover_from=failover_from,
        output="",
        output_file="",
        output_head="",
        output_size=0,
        summary="",
        events=(*ended.events, AttemptEnded(attempt=ended.number, fault=ended.fault, decision=f"{kind}: {why}")),
        decisions=(Decided(kind=kind, text=why),),
    )
