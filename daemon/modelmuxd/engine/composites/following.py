"""What follows for a composite as it stands: its end where somebody wants it, else as its plan says. Pure."""

from __future__ import annotations

import msgspec
from muxwire.faults import Fault

from modelmuxd.domain.plans import Broadcast, Collaboration, Decomposition, Plan, Workflow
from modelmuxd.engine.composites import broadcast, collaborate, decompose, workflow
from modelmuxd.engine.composites.score import Finish, Next, Score
from modelmuxd.engine.times import span


def follows(plan: Plan, score: Score) -> Next:
    """Whoever ends it ends all its turns first."""
    if score.canceling:
        return _ending(plan, score, Finish(state="canceled", fault=Fault("canceled", "Canceled.")))
    deadline = score.parent.deadline
    if deadline is not None and score.now >= deadline:
        return _ending(plan, score, Finish(state="timeout", fault=_too_late(score, deadline)))
    match plan:
        case Broadcast():
            return broadcast.next_turns(plan, score)
        case Collaboration():
            return collaborate.next_turns(plan, score)
        case Workflow():
            return workflow.next_turns(plan, score)
        case Decomposition():
            return decompose.next_turns(plan, score)


def reads_answers(plan: Plan) -> bool:
    """Whether its function looks at what was answered; otherwise no answer is loaded."""
    return not isinstance(plan, Broadcast) or plan.judge is not None


def _ending(plan: Plan, score: Score, finish: Finish) -> Next:
    if score.open:
        return Next(cancel=score.open, why=f"the end of {score.parent.run_id}")
    if isinstance(plan, Collaboration) and (work := collaborate.work_of(plan, score)):
        finish = msgspec.structs.replace(finish, output=work.text, whole_of=work.run_id)
    return Next(finish=finish)


def _too_late(score: Score, deadline: float) -> Fault:
    text = f"It took longer than the {span(deadline - score.parent.created_at)} it had."
    return Fault("timeout", text, "What has been answered stands: see `muxctl show`.")
