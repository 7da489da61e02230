"""Broadcast: one task for several members at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from muxwire.faults import BUDGET, POLICY, Fault
from muxwire.words import FinalState

from modelmuxd.domain.plans import Broadcast, Member, Turn
from modelmuxd.engine.composites.score import Finish, Next, Reply, Score
from modelmuxd.store.records import NewTask


def next_turns(plan: Broadcast, score: Score) -> Next:
    """All at once; the end comes with the last answer, or with the quorum's: then the others are not waited for."""
    unasked = [member for member in plan.members if (member.name, 1) not in score.replies]
    if unasked:
        return Next(spawn=tuple(_turn(plan, score.parent, member) for member in unasked))
    replies = tuple(score.replies.values())
    answers = sum(reply.state == "success" for reply in replies)
    if score.open and not (plan.quorum and answers >= plan.quorum):
        return Next()
    return Next(cancel=score.open, why="the quorum", finish=_finish(plan, replies, answers))


def _turn(plan: Broadcast, parent: NewTask, member: Member) -> Turn:
    return Turn(
        step=member.name,
        task=parent.task,
        provider=member.provider,
        model=member.model,
        timeout=plan.timeout,
        max_retries=parent.max_retries,
    )


def _finish(plan: Broadcast, replies: Sequence[Reply], answers: int) -> Finish:
    summary = f"{answers} of {len(replies)} answered"
    if answers >= plan.needed:
        return Finish(state="success", summary=summary)
    fault = fault_of([reply for reply in replies if reply.ended and reply.state != "success"], summary)
    return Finish(state=state_of(fault), summary=summary, fault=fault)


def fault_of(failed: Sequence[Reply], summary: str) -> Fault:
    """What went wrong with them, as one fault: their own code where they share it, else that of the first."""
    faults = [reply.fault or Fault(reply.state, f"ended as {reply.state}") for reply in failed]
    told = " · ".join(f"{reply.step}: {fault.message}" for reply, fault in zip(failed, faults, strict=True))
    hints = {fault.hint for fault in faults}
    return Fault(
        code=faults[0].code,
        message=f"Only {summary}. {told}",
        hint=hints.pop() if len(hints) == 1 else "See each of them with `muxctl show`.",
        resets_at=min((fault.resets_at for fault in faults if fault.resets_at is not None), default=None),
    )


def state_of(fault: Fault) -> FinalState:
    """The state that such a fault ends a run in."""
    match fault.code:
        case "timeout" | "canceled" | "lost":
            return fault.code
        case _ if fault.code in (POLICY, BUDGET):
            return "blocked"
        case _:
            return "error"
