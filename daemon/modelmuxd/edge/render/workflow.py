"""`muxctl workflow`: on a terminal which step is done, then its answer; and the workflows listed, drawn and checked."""

from __future__ import annotations

from typing import Any

from muxwire.protocol import View
from muxwire.settings.workflows import waves
from muxwire.words import FINAL_STATES
from muxwire.workflow import StepLine, WorkflowLine, WorkflowList, WorkflowResult

from modelmuxd.edge.render import clean, following, human, runs
from modelmuxd.edge.render.base import Rendered
from modelmuxd.edge.render.layout import paint, table
from modelmuxd.edge.render.plain import Answer


def start(view: View, params: Any) -> Rendered:
    """`params` is None where the call is refused unread."""
    if view.tty and not view.json:
        return Terminal(view, cancels=getattr(params, "cancel_on_hangup", False))
    background = getattr(params, "background", False) and not view.json
    return following.Id(view) if background else following.OneLine(view)


class Terminal(following.Terminal):
    def answer(self, value: WorkflowResult) -> str:
        return f"{clean.text(value.output).rstrip()}\n" if value.output else ""

    def ending(self, value: WorkflowResult) -> list[str]:
        lines = [f"not begun: {', '.join(value.skipped)}"] if value.skipped else []
        facts = [human.short(value.run_id), *([] if value.status in FINAL_STATES else [value.status])]
        facts.append(f"{value.summary.success} of {value.summary.total_steps} steps done")
        facts += [runs.changed(value.changes)] if value.changes else []
        return [*lines, " · ".join([*facts, *following.spent(value)])]

    def then(self, value: WorkflowResult) -> str:
        return "diff" if value.changes and value.changes.files else "show"


def listed(view: View, params: Any) -> Rendered:
    text = {"graph": graph_text, "check": check_text}.get(getattr(params, "view", "list"), list_text)
    return Answer(view, text)


def list_text(known: WorkflowList, view: View) -> str:
    rows = [(one.name, ", ".join(step.name for step in one.steps), one.description) for one in known.workflows]
    return table(rows, view, drop=(1,))


def graph_text(known: WorkflowList, view: View) -> str:
    """Steps that can be done at the same time share a number; what each waits for stands beside it."""
    return "".join(_graph(one, view) for one in known.workflows)


def _graph(one: WorkflowLine, view: View) -> str:
    steps = {step.name: step for step in one.steps}
    rows = [
        (str(number), name, _who(steps[name]), f"← {', '.join(steps[name].needs)}" if steps[name].needs else "")
        for number, wave in enumerate(waves({step.name: step.needs for step in one.steps}), 1)
        for name in wave
    ]
    return f"{paint(clean.line(one.name), 'bold', view)}  {clean.line(one.description)}\n{table(rows, view)}"


def _who(step: StepLine) -> str:
    who = f"{step.provider}/{step.model}" if step.model else step.provider
    more: list[str] = [] if step.sandbox == "read-only" else [step.sandbox]
    more += [] if step.on_fail == "stop" else [f"on failure {step.on_fail}"]
    return " · ".join([who, *more])


def check_text(known: WorkflowList, view: View) -> str:
    lines = [
        f"{paint('warning:', 'yellow', view)} {one.name}: {clean.line(said)}\n"
        for one in known.workflows
        for said in one.warnings
    ]
    good = sum(not one.warnings for one in known.workflows)
    return "".join(lines) + f"{good} of {len(known.workflows)} without a doubt.\n"
