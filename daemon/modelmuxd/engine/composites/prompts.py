"""What a part of a collaboration is asked in a round, and on which session it goes on. Pure."""

from __future__ import annotations

from muxwire.collaborate import Verdict
from muxwire.settings.model import PatternTurn

from modelmuxd.domain.plans import Collaboration, Turn
from modelmuxd.engine.composites import verdicts
from modelmuxd.engine.composites.filling import fill
from modelmuxd.engine.composites.score import Reply, Score

NOTHING = "(nothing yet)"


def turn_of(plan: Collaboration, score: Score, part: PatternTurn, round: int, verdict: Verdict | None) -> Turn | None:
    """What it is to be asked now in this round; None when it has been, or is being, asked all."""
    first = score.replies.get((part.role, round))
    session = session_of(plan, score, part, round)
    if first is None:
        return _turn(plan, score, part, round, verdict, session)
    anew = score.replies.get((f"{part.role}/anew", round))
    if first.failed and session is not None and anew is None:
        return _turn(plan, score, part, round, verdict, None, "anew")
    said = anew or first
    return _repair(plan, part, round, said, score) if part.verdict else None


def session_of(plan: Collaboration, score: Score, part: PatternTurn, round: int) -> Reply | None:
    """The reply whose session a part goes on with in a round: its own last one, or that of the role it says."""
    if round == 1 and part.when != "later":
        return None
    words = {other.role: other.provider for other in plan.pattern.turns}
    roles = [part.role] + ([part.session] if words.get(part.session) == part.provider else [])
    steps = {f"{role}{tail}" for role in roles for tail in ("", "/anew", "/repair")}
    before = [reply for reply in score.replies.values() if reply.step in steps and reply.round < round]
    good = [reply for reply in before if reply.state == "success" and reply.session_id]
    return good[-1] if good and part.when != "end" else None


def _turn(
    plan: Collaboration,
    score: Score,
    part: PatternTurn,
    round: int,
    verdict: Verdict | None,
    session: Reply | None,
    tail: str = "",
) -> Turn:
    """With a session the short words are enough, and whoever has it is asked; without one anybody may take it."""
    name, _, model = part.provider.partition("/")
    template = part.again if session and part.again else part.prompt
    text = fill(template.strip(), lambda name: _value(plan, score, name, round, verdict))
    if part.verdict:
        text += "\n" + verdicts.FORMS[part.verdict]
    return Turn(
        step=f"{part.role}/{tail}" if tail else part.role,
        round=round,
        task=text,
        provider=session.provider if session else part.provider,
        model=model if session and name == session.provider else "",
        sandbox=None if part.writes else "read-only",
        session_id=session.session_id if session else "",
        schema=verdicts.SCHEMAS[part.verdict] if part.verdict == "review" else "",
        timeout=plan.timeout,
        failover=session is None,
    )


def _repair(plan: Collaboration, part: PatternTurn, round: int, said: Reply, score: Score) -> Turn | None:
    """One try for the form."""
    step = f"{part.role}/repair"
    unread = said.state == "success" and verdicts.read(part.verdict, said.text, part.role, round) is None
    if not unread or (step, round) in score.replies:
        return None
    told = "" if said.session_id else f"\nThis was your answer:\n\n<answer>\n{said.text}\n</answer>\n"
    return Turn(
        step=step,
        round=round,
        task=f"{verdicts.REPAIR.strip()}\n{told}{verdicts.FORMS[part.verdict]}",
        provider=said.provider,
        sandbox="read-only",
        session_id=said.session_id,
        schema=verdicts.SCHEMAS[part.verdict],
        timeout=plan.timeout,
    )


def _value(plan: Collaboration, score: Score, name: str, round: int, verdict: Verdict | None) -> str | None:
    """What a placeholder stands for; None for what is none."""
    role, _, field = name.partition(".")
    if name == "task":
        return score.parent.task
    if name == "round":
        return str(round)
    if name == "transcript":
        return transcript(score)
    roles = {part.role for part in plan.pattern.turns}
    if role not in roles | {"work"}:
        return None
    said = last_of(score, plan.pattern.result if role == "work" else (role,))
    match field:
        case "":
            return said.text if said else NOTHING
        case "diff":
            return (said.patch if said else "") or "(no files were changed)"
        case "verify":
            return (said.verify if said else "") or "(no check was run)"
        case "findings":
            return verdicts.findings_text(verdict) or NOTHING
        case _:
            return None


def last_of(score: Score, roles: tuple[str, ...]) -> Reply | None:
    steps = {f"{role}{tail}" for role in roles for tail in ("", "/anew")}
    said = [reply for reply in score.replies.values() if reply.step in steps and reply.text]
    return said[-1] if said else None


def transcript(score: Score) -> str:
    """All that was answered so far, in order."""
    said = [reply for reply in score.replies.values() if reply.state == "success"]
    return "\n\n".join(f"## {reply.step}, round {reply.round}\n\n{reply.text.strip()}" for reply in said)
