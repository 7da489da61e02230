"""`muxctl show RUN`: everything about one run, its answer last."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec
from muxwire.detail import AttemptDetail, RunDetail, ShowParams
from muxwire.protocol import View
from muxwire.routing import Route
from muxwire.runs import Cost, RunResult

from modelmuxd.edge.render import clean, human, routing, runs
from modelmuxd.edge.render.layout import paint, sheet, table
from modelmuxd.edge.render.plain import Answer, fault_text
from modelmuxd.edge.render.transcript import transcript_text

_FIGURES = {"table": "by our table", "settings": "by your prices", "mixed": "by several"}


def show_text(detail: RunDetail, view: View) -> str:
    """Facts, attempts, decisions, the task and the answer. The run's id stands in full."""
    result = detail.result
    text = sheet(_facts(detail), view)
    if result.error is not None:
        text += fault_text(result.error, view)
    if detail.turns:
        text += _heading("turns", view) + table([_turn(run) for run in detail.turns], view)
    if detail.attempts:
        text += _heading("attempts", view) + table([_attempt(attempt) for attempt in detail.attempts], view)
        text += _provenance(detail, view)
    if detail.decisions:
        rows = [(human.clock(decision.at), decision.kind, decision.text) for decision in detail.decisions]
        text += _heading("decisions", view) + table(rows, view)
    text += _heading("task", view) + _words(detail.task, view)
    for run in detail.turns:
        if run.output:
            text += _heading(runs.turn_name(run), view) + _words(run.output, view)
    if result.output_cleaned:
        text += _heading("output", view) + "It was cleaned away.\n"
    elif result.output:
        text += _heading("output", view) + _words(result.output, view)
    return text


def start(view: View, params: ShowParams | None) -> Answer:
    return Answer(view, transcript_text if params is not None and params.markdown else show_text)


def why_text(detail: RunDetail, view: View) -> str:
    """Each decision in its order, with what it rests on; who was ruled out stands below it with the reason."""
    lines = []
    for one in detail.decisions:
        lines.append(f"{human.clock(one.at)}  {paint(one.kind, 'bold', view)}  {clean.line(one.text)}\n")
        if one.kind == "route":
            lines.append(routing.reasons_text(_route(one.data), view, indent=" " * 10))
    return "".join(lines) or f"Nothing has been decided about it yet: it is {detail.result.status}.\n"


def _route(data: dict[str, object]) -> Route:
    """Of an older version some of it may be missing."""
    try:
        return msgspec.convert(data, Route)
    except msgspec.ValidationError:
        return Route()


def as_list(value: object) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _facts(detail: RunDetail) -> list[tuple[str, str]]:
    result = detail.result
    return [
        ("run", result.run_id),
        ("state", result.status + (f", {result.waiting_for or result.waiting}" if result.waiting else "")),
        ("provider", runs.who(result)),
        ("session", result.session_id),
        ("routed from", result.routed_from or ""),
        ("failover from", result.failover_from or ""),
        ("left out", f"{result.caller_excluded}, which called" if result.caller_excluded else ""),
        ("sandbox", f"{result.sandbox}, enforced by {result.sandbox_enforced or human.UNKNOWN}"),
        ("workdir", detail.workdir),
        ("worktree", _worktree(result)),
        ("verified", _verified(result)),
        ("asked by", " ".join(filter(None, (detail.origin.kind, detail.origin.caller)))),
        ("created", human.moment(detail.created_at)),
        ("took", human.seconds(result.duration_seconds if detail.started_at else None)),
        ("usage", f"{runs.tokens(result)}, cost {_cost(result.cost)}"),
    ]


def _cost(cost: Cost | None) -> str:
    """With whose figure it is, where that is not the agent's own."""
    said = _FIGURES.get(cost.source) if cost else ""
    return f"{human.money(cost)} ({said})" if said else human.money(cost)


def _worktree(result: RunResult) -> str:
    return f"{result.worktree} ({runs.changed(result.changes)})" if result.changes else result.worktree


def _verified(result: RunResult) -> str:
    said = result.verified
    if said is None:
        return ""
    how = "ended before it was done" if said.exit_code is None else f"exit code {said.exit_code}"
    return f"{' '.join(said.command)}: {how} after {human.seconds(said.seconds)}"


def _attempt(attempt: AttemptDetail) -> tuple[str, ...]:
    length = attempt.ended_at - attempt.started_at if attempt.ended_at is not None else None
    why = attempt.fault.message if attempt.fault else ""
    return (str(attempt.number), attempt.provider, attempt.state, human.seconds(length), why)


def _provenance(detail: RunDetail, view: View) -> str:
    """What it takes to do it again: which program in which version, how it was started, on what."""
    rows = [
        (f"attempt {one.number}", " ".join(filter(None, (one.cli_version, one.model))), shlex.join(one.argv))
        for one in detail.attempts
    ]
    rows.append(("task", f"sha256 {detail.task_sha256[:16]}", f"{len(detail.task)} characters"))
    if detail.base_commit:
        rows.append(("worktree", f"commit {detail.base_commit[:12]}", ""))
    return _heading("provenance", view) + table(rows, view)


def _turn(run: RunResult) -> tuple[str, ...]:
    took = human.seconds(run.duration_seconds)
    return (runs.turn_name(run), human.short(run.run_id), run.status, runs.who(run), took, runs.outcome(run))


def _heading(name: str, view: View) -> str:
    return f"\n{paint(name, 'bold', view)}\n"


def _words(words: str, view: View) -> str:
    """A task or an answer: made safe for a terminal, byte for byte elsewhere."""
    shown = clean.text(words) if view.tty else words
    return shown if shown.endswith("\n") else f"{shown}\n"
