"""Collaborations: roles that work on one task in turns, as a pattern says. Pure.

Each look begins at the first round and walks on to where something is missing: so there is nothing to keep but what has
been answered, and a restart knows as much as whoever began.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from muxwire.collaborate import Verdict
from muxwire.faults import BUDGET, Fault
from muxwire.settings.model import PatternTurn

from modelmuxd.domain.plans import Collaboration
from modelmuxd.engine.composites import verdicts
from modelmuxd.engine.composites.broadcast import fault_of, state_of
from modelmuxd.engine.composites.prompts import turn_of
from modelmuxd.engine.composites.score import Finish, Next, Reply, Score

SPENT = "the budget is used up"
Group = tuple[PatternTurn, ...]
"""Those who speak at the same time."""


class Walk(msgspec.Struct, kw_only=True):
    """How far a collaboration has come."""

    rounds: int = 0
    verdict: Verdict | None = None
    """The last one."""
    verdicts: list[Verdict] = []
    notes: list[str] = []
    next: Next | None = None
    """What is missing; None at its end."""

    @property
    def approved(self) -> bool:
        return self.verdict is not None and self.verdict.verdict == verdicts.APPROVED


def next_turns(plan: Collaboration, score: Score) -> Next:
    walk = walked(plan, score)
    return walk.next or Next(cancel=score.open, why="its budget", finish=finish(plan, score, walk))


def walked(plan: Collaboration, score: Score) -> Walk:
    """From the beginning to where it stands."""
    walk = Walk()
    for round in range(1, plan.max_rounds + 1):
        walk.rounds = round
        for group in groups(plan, round):
            if not _spoken(plan, score, walk, group, round):
                return walk
            if all(effective(score, part, round).failed for part in group):
                return _ended(plan, score, walk)
        if walk.approved:
            break
    return _ended(plan, score, walk)


def groups(plan: Collaboration, round: int) -> list[Group]:
    """Who speaks in a round, in order; round 0 is the end."""
    when = {0: ("end",), 1: ("first", "every")}.get(round, ("later", "every"))
    found: list[Group] = []
    for part in plan.pattern.turns:
        if part.when in when:
            joins = part.beside and found
            found[-1:] = [(*found[-1], part)] if joins else [*found[-1:], (part,)]
    return found


def steps(part: PatternTurn) -> Iterator[str]:
    """The turns that one part may take in a round: its own, one without the session that failed, one for the form."""
    yield part.role
    yield f"{part.role}/anew"
    yield f"{part.role}/repair"


def effective(score: Score, part: PatternTurn, round: int) -> Reply:
    """The last of what a part has said in a round; of a repair that failed, what was to be repaired."""
    said = [found for step in steps(part) if (found := score.replies.get((step, round))) is not None]
    good = [reply for reply in said if not reply.failed]
    return (good or said)[-1]


def work_of(plan: Collaboration, score: Score) -> Reply | None:
    """The last answer of those whose answers are the result."""
    roles = {step for part in plan.pattern.turns if part.role in plan.pattern.result for step in list(steps(part))[:2]}
    said = [reply for reply in score.replies.values() if reply.step in roles and reply.spoke]
    return said[-1] if said else None


def finish(plan: Collaboration, score: Score, walk: Walk) -> Finish:
    """A result is a success whatever was said of it; without one the fault is theirs who failed."""
    work, summary = work_of(plan, score), _summary(plan, walk)
    if work is not None:
        return Finish(state="success", summary=summary, output=work.text, whole_of=work.run_id)
    failed = [reply for reply in score.replies.values() if reply.failed]
    if not failed and SPENT not in walk.notes:
        text = f"The pattern {plan.name} ended before anybody spoke whose answer is its result."
        return Finish(state="error", summary=summary, fault=Fault("invalid_request", text, "See `muxctl patterns`."))
    if not failed:
        text = "The budget was used up before there was a result."
        return Finish(
            state="blocked", summary=summary, fault=Fault(BUDGET, text, "Send it again with a larger budget.")
        )
    fault = fault_of(failed, f"{len(score.replies) - len(failed)} of {len(score.replies)} turns answered")
    return Finish(state=state_of(fault), summary=summary, fault=fault)


def _ended(plan: Collaboration, score: Score, walk: Walk) -> Walk:
    """After the rounds: those who speak at the end do so in any case."""
    for group in groups(plan, 0):
        if not _spoken(plan, score, walk, group, walk.rounds):
            return walk
    return walk


def _spoken(plan: Collaboration, score: Score, walk: Walk, group: Group, round: int) -> bool:
    """Whether all of a group have said what they have to; else `walk.next` tells what is missing."""
    missing = [turn for part in group if (turn := turn_of(plan, score, part, round, walk.verdict)) is not None]
    if missing and score.left == 0:
        walk.notes.append(SPENT)
        return False
    waiting = any(
        (reply := score.replies.get((step, round))) and not reply.ended for part in group for step in steps(part)
    )
    if missing or waiting:
        walk.next = Next(spawn=tuple(missing))
        return False
    for part in group:
        _listen(score, walk, part, round)
    return True


def _listen(score: Score, walk: Walk, part: PatternTurn, round: int) -> None:
    reply = effective(score, part, round)
    if reply.failed:
        walk.notes.append(f"{part.role} failed in round {round}: {reply.fault.message if reply.fault else reply.state}")
    elif part.verdict:
        read = verdicts.read(part.verdict, reply.text, part.role, round)
        walk.verdict = read or _unread(part, round)
        walk.verdicts = [*walk.verdicts, walk.verdict]
        if read is None:
            walk.notes.append(f"{part.role} gave no verdict that can be read in round {round}")
    if part.provider.partition("/")[0] not in ("auto", reply.provider) and not reply.failed:
        walk.notes.append(f"{part.role} was {reply.provider} instead of {part.provider} in round {round}")


def _unread(part: PatternTurn, round: int) -> Verdict:
    """What cannot be read approves nothing."""
    word = verdicts.CHANGES if part.verdict == "review" else "undecided"
    return Verdict(role=part.role, round=round, verdict=word, summary="No verdict could be read.")


def _summary(plan: Collaboration, walk: Walk) -> str:
    rounds = "1 round" if walk.rounds == 1 else f"{walk.rounds} rounds"
    if walk.verdict is None:
        return f"{plan.name} after {rounds}"
    if walk.verdict.confidence is not None:
        return f"{walk.verdict.verdict} (confidence {walk.verdict.confidence:.0%}, {rounds})"
    return f"{'approved' if walk.approved else 'not approved'} after {rounds}"
