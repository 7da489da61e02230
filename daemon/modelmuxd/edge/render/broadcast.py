"""`muxctl broadcast`: on a terminal who has answered, then the answers side by side; else one JSON line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from muxwire.broadcast import BroadcastResult
from muxwire.protocol import View
from muxwire.runs import RunResult
from muxwire.words import FINAL_STATES

from modelmuxd.edge.render import following, human, runs
from modelmuxd.edge.render.base import Rendered
from modelmuxd.edge.render.columns import side_by_side
from modelmuxd.edge.render.layout import state_colour, table


def start(view: View, params: Any) -> Rendered:
    """`params` is None where the call is refused unread."""
    if view.tty and not view.json:
        return Terminal(view)
    background = getattr(params, "background", False) and not view.json
    return following.Id(view) if background else following.OneLine(view)


class Terminal(following.Terminal):
    def answer(self, value: BroadcastResult) -> str:
        return answers_text(value.results, self._view) if value.status in FINAL_STATES else ""

    def ending(self, value: BroadcastResult) -> list[str]:
        tally = f"{value.summary.success} of {value.summary.total} answered"
        return [" · ".join([human.short(value.run_id), tally, *following.spent(value)])]


def answers_text(results: Sequence[RunResult], view: View) -> str:
    """Those who answered side by side where there is room, else one below the other; then who did not."""
    good = [run for run in results if run.output]
    bad = [run for run in results if run.status != "success"]
    text = side_by_side([(_heading(run), run.output) for run in good], view)
    rows = [(run.step, run.status, runs.outcome(run)) for run in bad]
    styles = [("bold", state_colour(run.status), "") for run in bad]
    return text + ("\n" if text and bad else "") + table(rows, view, styles=styles)


def _heading(run: RunResult) -> str:
    return f"{run.step} · {human.seconds(run.duration_seconds)}"
