"""`muxctl status`: what runs, what waits and why, what ended."""

from __future__ import annotations

from collections.abc import Sequence

from muxwire.insight import RunLine, Status
from muxwire.protocol import View

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.layout import paint, state_colour, table
from modelmuxd.edge.render.plain import fault_text

_DROP = (3, 2)
"""On a narrow terminal the time goes first, then the provider."""


def status_text(status: Status, view: View) -> str:
    """One line about the daemon, then a table of runs, those under way first."""
    facts = status.daemon
    age = human.seconds(status.at - facts.started_at)
    head = f"modelmuxd {facts.version} · pid {facts.pid} · up {age}"
    if facts.state != "running":
        head += f" · {facts.state}"
    notices = "".join(fault_text(notice, view) for notice in facts.notices)
    runs = [*status.running, *status.waiting, *status.recent]
    body = run_table(runs, status.at, view) if runs else 'No runs yet. Send one: muxctl dispatch "…"\n'
    return f"{paint(head, 'dim', view)}\n{notices}{body}"


def run_table(runs: Sequence[RunLine], now: float, view: View) -> str:
    rows = [(human.short(run.run_id), run.state, provider(run), when(run, now), about(run, now)) for run in runs]
    styles = [("bold", state_colour(run.state), "", "dim", "") for run in runs]
    return table(rows, view, styles=styles, drop=_DROP)


def provider(run: RunLine) -> str:
    return f"{run.provider}/{run.model}" if run.model else run.provider or human.UNKNOWN


def when(run: RunLine, now: float) -> str:
    """How long a run has been running or waiting, or how long ago it ended."""
    if run.ended_at is not None:
        return human.ago(run.ended_at, now)
    return human.seconds(now - (run.started_at or run.created_at))


def about(run: RunLine, now: float) -> str:
    """Why it waits, what its agent said last, or what it was asked."""
    if run.waiting:
        due = human.until(run.until, now)
        why = run.waiting_for or run.waiting
        return f"{why}{f' ({due})' if due else ''} · {run.task}"
    if run.ended_at is None and run.last_line:
        return clean.line(run.last_line)
    return run.task
