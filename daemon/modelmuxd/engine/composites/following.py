"""What follows for a composite as it stands: its end where somebody wants it, else as its plan says. Pure."""

from __future__ import annotations

from muxwire.faults import Fault

from modelmuxd.domain.plans import Broadcast, Plan
from modelmuxd.engine.composites import broadcast
from modelmuxd.engine.composites.score import Finish, Next, Score
from modelmuxd.engine.times import span


def follows(plan: Plan, score: Score) -> Next:
    """Whoever ends it ends all its turns first."""
    if score.canceling:
        return _ending(score, Finish(state="canceled", fault=Fault("canceled", "Canceled.")))
    deadline = score.parent.deadline
    if deadline is not None and score.now >= deadline:
        return _ending(score, Finish(state="timeout", fault=_too_late(score, deadline)))
    match plan:
        case Broadcast():
            return broadcast.next_turns(plan, score)


def reads_answers(plan: Plan) -> bool:
    """Whether its function looks at what was answered; otherwise no answer is loaded."""
    return not isinstance(plan, Broadcast)


def _ending(score: Score, finish: Finish) -> Next:
    if score.open:
        return Next(cancel=score.open, why=f"the end of {score.parent.run_id}")
    return Next(finish=finish)


def _too_late(score: Score, deadline: float) -> Fault:
    text = f"It took longer than the {span(deadline - score.parent.created_at)} it had."
    return Fault("timeout", text, "What has been answered stands: see `muxctl show`.")
