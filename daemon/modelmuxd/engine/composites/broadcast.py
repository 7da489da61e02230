"""Broadcast: one task for several members at once. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from muxwire.faults import BUDGET, POLICY, Fault
from muxwire.words import FinalState

from modelmuxd.domain.plans import Broadcast, Member, Turn
from modelmuxd.engine.composites import judge
from modelmuxd.engine.composites.score import Finish, Next, Reply, Score
from modelmuxd.store.records import NewTask


def next_turns(plan: Broadcast, score: Score) -> Next:
    """All at once; the end comes with the last answer, or with the quorum's: then the others are not waited for."""
    unasked = [member for member in plan.members if (member.name, 1) not in score.replies]
    if unasked:
        return Next(spawn=tuple(_turn(plan, score.parent, member) for member in unasked))
    replies, answers = members(plan, score), answered(plan, score)
    enough = bool(plan.quorum) and len(answers) >= plan.quorum
    if not enough and not all(reply.ended for reply in replies):
        return Next()
    late = tuple(reply.run_id for reply in replies if not reply.ended)
    if asked := judge.turn_of(plan, score, answers):
        return Next(cancel=late, why="the quorum", spawn=(asked,))
    if any(run_id not in late for run_id in score.open):
        return Next()  # the judge
    return Next(cancel=late, why="the quorum", finish=_finish(plan, score, replies, answers))


def members(plan: Broadcast, score: Score) -> list[Reply]:
    return [score.replies[member.name, 1] for member in plan.members if (member.name, 1) in score.replies]


def answered(plan: Broadcast, score: Score) -> list[Reply]:
    return [reply for reply in members(plan, score) if reply.state == "success"]


def _turn(plan: Broadcast, parent: NewTask, member: Member) -> Turn:
    return Turn(
        step=member.name,
        task=parent.task,
        provider=member.provider,
        model=member.model,
        timeout=plan.timeout,
        max_retries=parent.max_retries,
    )


def _finish(plan: Broadcast, score: Score, replies: Sequence[Reply], answers: Sequence[Reply]) -> Finish:
    summary = f"{len(answers)} of {len(replies)} answered"
    if len(answers) >= plan.needed:
        found = judge.judgement(score, answers)
        places = (
            {name: judge.share(place, len(found.ranking)) for place, name in enumerate(found.ranking)} if found else {}
        )
        told = {reply.run_id: places[reply.step] for reply in answers if reply.step in places}
        return Finish(state="success", summary=summary, judged=told)
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
