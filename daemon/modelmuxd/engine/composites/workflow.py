"""Workflows: steps that wait for each other and take from each other's answers. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from muxwire.faults import BUDGET, Fault, FaultError, refuse
from muxwire.settings.workflows import PLACEHOLDER

from modelmuxd.domain.plans import PlannedStep, Turn, Workflow
from modelmuxd.engine.composites.broadcast import state_of
from modelmuxd.engine.composites.filling import shortened
from modelmuxd.engine.composites.score import Finish, Next, Reply, Score
from modelmuxd.engine.composites.verdicts import fenced

NO_ANSWER = "(this step failed and has no answer)"
"""What is fed on of a step that may fail: never its error as if that were an answer."""
BETWEEN = "/fallback"


def next_turns(plan: Workflow, score: Score) -> Next:
    """All that can begin now; the end when nothing can and nothing runs, or when a step fails that must not."""
    stands = _stands(plan, score)
    if stands.broken:
        reply = stands.broken
        name = reply.step.removesuffix(BETWEEN)
        return _stopped(score, name, reply.fault or Fault(reply.state, f"It ended as {reply.state}."))
    begin, writing = list[PlannedStep](), stands.writing
    for step in stands.ready:
        if not (_writes(step) and writing):
            begin.append(step)
            writing = writing or _writes(step)
    if begin and score.left == 0:
        text = f"The budget was used up before {begin[0].name!r} could begin."
        return _stopped(score, begin[0].name, Fault(BUDGET, text, "Send it again with a larger budget."))
    try:
        spawn = tuple(_turn(score, step) for step in begin)
    except FaultError as error:
        return _stopped(score, begin[0].name, error.fault)
    if spawn or stands.open:
        return Next(spawn=spawn)
    return Next(finish=_finish(plan, score))


class Stands(NamedTuple):
    """How the steps stand, found in one pass: there may be hundreds, and each end of one asks."""

    ready: list[PlannedStep]
    """Those that can begin, or whose fallback can."""
    open: bool
    """Whether any runs."""
    writing: bool
    broken: Reply | None
    """What failed that must not."""


def _stands(plan: Workflow, score: Score) -> Stands:
    over, waiting, ready = set[str](), list[PlannedStep](), list[PlannedStep]()
    running = writing = False
    for step in plan.steps:
        reply = reply_of(score, step)
        if reply is None:
            waiting.append(step)
        elif not reply.ended:
            running, writing = True, writing or _writes(step)
        elif not reply.failed or step.on_fail == "continue":
            over.add(step.name)
        elif step.on_fail == "fallback" and reply.step == step.name:
            ready.append(step)
        else:
            return Stands([], running, writing, reply)
    ready += [step for step in waiting if over.issuperset(step.needs)]
    return Stands(ready, running, writing, None)


def reply_of(score: Score, step: PlannedStep) -> Reply | None:
    """How a step stands; its fallback's reply where that was asked."""
    return score.replies.get((step.name + BETWEEN, 1)) or score.replies.get((step.name, 1))


def ends(plan: Workflow) -> list[PlannedStep]:
    """The steps that nobody waits for."""
    needed = {name for step in plan.steps for name in step.needs}
    return [step for step in plan.steps if step.name not in needed]


def _said(plan: Workflow, score: Score) -> list[Reply]:
    return [reply for step in ends(plan) if (reply := reply_of(score, step)) and reply.spoke]


def output_of(plan: Workflow, score: Score) -> str:
    """The answers at the ends: one as it is, several with their names above them."""
    said = [(step.name, reply.text) for step in ends(plan) if (reply := reply_of(score, step)) and reply.spoke]
    if len(said) == 1:
        return said[0][1]
    return "\n\n".join(f"## {name}\n\n{text.strip()}" for name, text in said)


def field_of(text: str, path: list[str]) -> str:
    """A field of an answer that is JSON, or ends with a block of it. Raises FaultError where there is none."""
    value = _json(text)
    for name in path:
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            raise refuse("invalid_request", f"its answer has no JSON field {'.'.join(path)!r}", "")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(text: str) -> Any:
    blocks = [held for kind, held in fenced(text) if kind in ("", "json")]
    for candidate in (text, *reversed(blocks)):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return None


def _writes(step: PlannedStep) -> bool:
    """They share a folder: one after the other."""
    return step.sandbox != "read-only"


def _turn(score: Score, step: PlannedStep) -> Turn:
    instead = (step.name, 1) in score.replies
    return Turn(
        step=step.name + BETWEEN if instead else step.name,
        task=_filled(step, _values(score)),
        provider=step.fallback if instead else step.provider,
        model="" if instead else step.model,
        sandbox=step.sandbox,
        timeout=step.timeout,
        max_retries=step.max_retries,
        failover=step.provider == "auto" and not instead,
    )


def _values(score: Score) -> Callable[[str, str], str | None]:
    """What a name and what stands behind it stand for; None for nothing. Raises FaultError for a field that is not
    there."""

    def value(name: str, part: str) -> str | None:
        if name == "input":
            return score.parent.task
        reply = score.replies.get((name + BETWEEN, 1)) or score.replies.get((name, 1))
        if reply is None:
            return None
        text = reply.text if reply.spoke else NO_ANSWER
        path = [word for word in part.replace("|", ".").split(".") if word]
        path = path[1:] if path[:1] == ["output"] else path
        if not path:
            return text
        if path[0] != "json":
            return None
        try:
            return field_of(text, path[1:])
        except FaultError as error:
            raise refuse("invalid_request", f"{name}: {error.fault.message}.", "See `muxctl show`.") from None

    return value


def _filled(step: PlannedStep, value_of: Callable[[str, str], str | None]) -> str:
    """Each placeholder is filled once; what was filled in is not looked at again."""
    parts, at = [], 0
    for found in PLACEHOLDER.finditer(step.task):
        value = value_of(found[1], found[2])
        parts += [step.task[at : found.start()], found[0] if value is None else shortened(value)]
        at = found.end()
    return "".join([*parts, step.task[at:]]).strip()


def _stopped(score: Score, name: str, fault: Fault) -> Next:
    """What runs beside it is not waited for: it could not be taken further."""
    told = Fault(
        fault.code,
        f"Step {name!r} failed: {fault.message}",
        f"Mend that, then go on from there: muxctl retry {score.parent.run_id}",
        provider=fault.provider,
        resets_at=fault.resets_at,
    )
    good = sum(reply.spoke for reply in score.replies.values())
    summary = f"stopped at {name}; {good} done"
    return Next(
        cancel=score.open,
        why=f"the failure of {name}",
        finish=Finish(state=state_of(told), summary=summary, fault=told),
    )


def _finish(plan: Workflow, score: Score) -> Finish:
    output, said = output_of(plan, score), _said(plan, score)
    good = sum(bool((reply := reply_of(score, step)) and reply.spoke) for step in plan.steps)
    summary = f"{good} of {len(plan.steps)} steps done"
    if said:
        whole_of = said[0].run_id if len(said) == 1 else ""
        return Finish(state="success", summary=summary, output=output, whole_of=whole_of)
    failed = [reply for reply in score.replies.values() if reply.failed]
    fault = failed[-1].fault if failed and failed[-1].fault else Fault("crashed", "No step at its end has an answer.")
    return Finish(state=state_of(fault), summary=summary, fault=fault)
