"""What routing learns from what happens to a run: of an attempt's end, of its changes, of its user's next step. Pure.

A fault that says nothing of the work says whether the agent can be reached, and that is learned apart. A good exit code
alone says nothing of the work either.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from muxwire.faults import VERIFY
from muxwire.runs import Verified

from modelmuxd.domain.knowledge import Judged, Measured, Reached, Routed, Signal, Source
from modelmuxd.store.records import Attempt, Settle, Task

UNREACHED: frozenset[str] = frozenset(
    {"auth", "quota", "rate_limit", "overloaded", "transient", "not_installed", "crashed"}
)
"""Faults of the way to an agent, not of its work."""
FAILED: frozenset[str] = frozenset({"timeout", "refused", "output_limit"})
"""Faults by which an agent leaves its task undone. Others (a cancel, a question, a wrong request) say nothing of it."""

NO_CHECK = frozenset({126, 127})
"""Exit codes of a shell that found nothing to run: the check is broken, not the work."""

EMPTY_WEIGHT = 0.7
"""How much an empty answer counts as a failure: some tasks want none."""
APPLIED, DISCARDED, RETRIED = (1.0, 0.6), (0.1, 0.5), (0.2, 0.3)
"""How good that says an answer was, and how much it is to be believed: people apply to look, and discard to tidy up."""
JUDGED_WEIGHT = 0.4
"""A judge is to be believed less than a user, and much less than a check that ran."""
RATED = {1: 0.05, 2: 0.10, 3: 0.33, 4: 0.87, 5: 0.95}
RATED_WEIGHT = 0.7
"""How often work with such a rating was right, where both were known: see the project's notes on routing."""


def routed_of(attempt: Attempt) -> Routed:
    """What the router thought of it, or what is known of it without one."""
    return attempt.routed or Routed(agent=attempt.provider)


def of_end(ended: Settle, task: Task, attempt: Attempt, earlier: Sequence[Attempt], now: float) -> tuple[Signal, ...]:
    """Of an attempt that has just ended; `earlier` are those before it."""
    routed, code = _routed(task, attempt), ended.fault.code if ended.fault else ""
    if code in UNREACHED:
        return (Reached(at=now, agent=routed.agent, fault=code, run_id=attempt.run_id),)
    signals: list[Signal] = []
    if code in FAILED or code in ("", VERIFY):
        signals.append(Reached(at=now, agent=routed.agent, run_id=attempt.run_id))
    if code in ("", VERIFY):
        signals.append(_measured(ended, attempt, routed, earlier, now))
    if judged := _judged(ended, task, attempt, routed, now):
        signals.append(judged)
    return tuple(signals)


def _measured(ended: Settle, attempt: Attempt, routed: Routed, earlier: Sequence[Attempt], now: float) -> Measured:
    checked = ended.verified.seconds if ended.verified else 0.0
    return Measured(
        at=now,
        agent=routed.agent,
        kind=routed.kind,
        seconds=max(0.0, now - attempt.started_at - checked),
        first_byte=ended.first_byte,
        cost_micros=ended.cost_micros,
        retries=sum(one.provider == attempt.provider for one in earlier),
        run_id=attempt.run_id,
    )


def _routed(task: Task, attempt: Attempt) -> Routed:
    """A trial's kind of work is known, and it belongs to no project."""
    routed = routed_of(attempt)
    trial = task.new.trial
    return msgspec.structs.replace(routed, kind=trial.kind, project="") if trial else routed


def _judged(ended: Settle, task: Task, attempt: Attempt, routed: Routed, now: float) -> Judged | None:
    """Where the project's check has spoken, that counts; a benchmark's is its own."""
    source: Source = "benchmark" if task.new.trial else "verify"
    code = ended.fault.code if ended.fault else ""
    if ended.verified and code in ("", VERIFY):
        good = passed(ended.verified)
        return None if good is None else routed.judged(source, float(good), at=now, run_id=attempt.run_id)
    failed: Source = "benchmark" if source == "benchmark" else "outcome"
    if code in FAILED:
        return routed.judged(failed, 0.0, at=now, run_id=attempt.run_id)
    if code == "" and _nothing(ended, task):
        return routed.judged(failed, 0.0, at=now, run_id=attempt.run_id, weight=EMPTY_WEIGHT)
    return None


def _nothing(ended: Settle, task: Task) -> bool:
    """Neither an answer nor a change; what an agent has changed in its caller's own files is not known."""
    unchanged = ended.changes.files == 0 if ended.changes else task.new.sandbox == "read-only"
    return unchanged and not ended.output_size and not ended.output.strip()


def passed(verified: Verified) -> bool | None:
    """None where the check itself did not work: it was ended, or there was nothing to run."""
    if verified.exit_code is None or verified.exit_code in NO_CHECK:
        return None
    return verified.exit_code == 0


def of_changes(source: Source, files: int, attempts: Sequence[Attempt], now: float) -> tuple[Signal, ...]:
    """Of a worktree that its user has applied or discarded. What a check has called bad is not judged again."""
    if not files or not attempts or (source == "discard" and attempts[-1].state != "success"):
        return ()
    value, weight = APPLIED if source == "apply" else DISCARDED
    return (routed_of(attempts[-1]).judged(source, value, at=now, run_id=attempts[-1].run_id, weight=weight),)


def of_retry(attempts: Sequence[Attempt], now: float) -> tuple[Signal, ...]:
    """Of a run that its user has repeated though it had ended well: once was not enough."""
    if not attempts or attempts[-1].state != "success":
        return ()
    value, weight = RETRIED
    return (routed_of(attempts[-1]).judged("retry", value, at=now, run_id=attempts[-1].run_id, weight=weight),)


def of_judge(share: float, attempt: Attempt, now: float) -> Judged:
    """Of a judge that has ranked an answer among others: 1 for the best, 0 for the last."""
    return routed_of(attempt).judged("comparison", share, at=now, run_id=attempt.run_id, weight=JUDGED_WEIGHT)


def of_rating(rating: int, attempt: Attempt, now: float) -> Judged:
    """Of a user's 1 to 5."""
    value = RATED[rating]
    return routed_of(attempt).judged("rating", value, at=now, run_id=attempt.run_id, weight=RATED_WEIGHT)
