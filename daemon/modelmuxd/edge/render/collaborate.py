"""`muxctl collaborate`: on a terminal who has spoken, then the work and below it the verdict; else one JSON line."""

from __future__ import annotations

from typing import Any

from muxwire.collaborate import CollaborateResult, PatternList, Verdict
from muxwire.protocol import View
from muxwire.words import FINAL_STATES

from modelmuxd.edge.render import clean, following, human, runs
from modelmuxd.edge.render.base import Rendered
from modelmuxd.edge.render.layout import table


def start(view: View, params: Any) -> Rendered:
    """`params` is None where the call is refused unread."""
    if view.tty and not view.json:
        return Terminal(view, cancels=getattr(params, "cancel_on_hangup", False))
    background = getattr(params, "background", False) and not view.json
    return following.Id(view) if background else following.OneLine(view)


class Terminal(following.Terminal):
    def answer(self, value: CollaborateResult) -> str:
        return f"{clean.text(value.final_output).rstrip()}\n" if value.final_output else ""

    def ending(self, value: CollaborateResult) -> list[str]:
        lines = [*_verdict(value.verdict, value.approved), *value.notes]
        rounds = "1 round" if value.rounds == 1 else f"{value.rounds} rounds"
        facts = [human.short(value.run_id), *([] if value.status in FINAL_STATES else [value.status]), rounds]
        facts += [runs.changed(value.changes)] if value.changes else []
        return [*lines, " · ".join([*facts, *following.spent(value)])]

    def then(self, value: CollaborateResult) -> str:
        return "diff" if value.changes and value.changes.files else "show"


def _verdict(verdict: Verdict | None, approved: bool | None) -> list[str]:
    if verdict is None:
        return []
    if verdict.confidence is not None:
        return [f"{verdict.role}: {verdict.verdict} (confidence {verdict.confidence:.0%})"]
    if approved is None:
        return [f"{verdict.role}: {verdict.summary}"]
    word = "approved" if approved else "not approved"
    findings = [f"  {' '.join(filter(None, (one.severity, one.where)))}  {one.text}" for one in verdict.findings]
    return [f"{word} by {verdict.role}{f': {verdict.summary}' if verdict.summary else ''}", *findings]


def patterns_text(known: PatternList, view: View) -> str:
    rows = [
        (one.name, ", ".join(f"{role.role}={role.provider}" for role in one.roles), one.description)
        for one in known.patterns
    ]
    return table(rows, view, drop=(1,))
