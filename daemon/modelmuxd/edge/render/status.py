"""`muxctl status`: what runs, what waits and why, what ended; what is held back, and what today came to."""

from __future__ import annotations

from collections.abc import Sequence

from muxwire.insight import DaemonFacts, RunLine, Status, Today
from muxwire.protocol import View
from muxwire.runs import Cost

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.costs import left_text, warning_text
from modelmuxd.edge.render.layout import cut, paint, room, state_colour, table
from modelmuxd.edge.render.plain import fault_text
from modelmuxd.edge.render.queue import held_text

_DROP = (3, 2)
"""On a narrow terminal the time goes first, then the provider."""


def status_text(status: Status, view: View) -> str:
    """A line about the daemon and one about today, what is held back, then a table of runs, those under way first."""
    about_all = [_head(status.daemon, status.at), *filter(None, [today_text(status.today), left_text(status.budget)])]
    wide = room(view)
    top = "".join(paint(line if wide is None else cut(line, wide), "dim", view) + "\n" for line in about_all)
    notices = "".join(fault_text(notice, view) for notice in status.daemon.notices)
    notices += warning_text(status.budget, view)
    held = held_text(status.paused, status.accounts, status.at, view)
    runs = [*status.running, *status.waiting, *status.recent]
    body = run_table(runs, status.at, view) if runs else 'No runs yet. Send one: muxctl dispatch "…"\n'
    return f"{top}{notices}{held}\n{body}" if held else f"{top}{notices}{body}"


def _head(facts: DaemonFacts, now: float) -> str:
    head = f"modelmuxd {facts.version} · pid {facts.pid} · up {human.seconds(now - facts.started_at)}"
    return head if facts.state == "running" else f"{head} · {facts.state}"


def today_text(today: Today | None) -> str:
    """Empty before today's first run has ended."""
    if today is None or not today.runs:
        return ""
    parts = ["today: 1 run" if today.runs == 1 else f"today: {today.runs} runs"]
    if today.tokens is not None:
        parts.append(f"{human.count(today.tokens)} tokens")
    if today.cost_usd is not None or today.plan_usd:
        parts.append(human.money(Cost(usd=today.cost_usd or 0.0, plan_usd=today.plan_usd)))
    if today.unpriced:
        parts.append(f"{today.unpriced} at unknown cost")
    return " · ".join(parts)


def run_table(listed: Sequence[RunLine], now: float, view: View) -> str:
    """Turns stand below what they are part of."""
    runs = family_order(listed)
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
    return f"└ {turn(run)}  {_about(run, now)}" if run.part_of else _about(run, now)


def turn(run: RunLine) -> str:
    return run.step if run.round < 2 else f"{run.step} {run.round}"


def family_order(runs: Sequence[RunLine]) -> list[RunLine]:
    listed = {run.run_id for run in runs}
    ordered = []
    for run in runs:
        if run.part_of not in listed:
            ordered.append(run)
            ordered += sorted((one for one in runs if one.part_of == run.run_id), key=lambda one: one.run_id)
    return ordered


def _about(run: RunLine, now: float) -> str:
    if run.waiting:
        due = human.until(run.until, now)
        why = run.waiting_for or run.waiting
        return f"{why}{f' ({due})' if due else ''} · {run.task}"
    if run.ended_at is None and run.last_line:
        return clean.line(run.last_line)
    return run.task
