"""`muxctl broadcast`: on a terminal who has answered, then the answers side by side; else one JSON line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from muxwire.broadcast import BroadcastResult, Compared
from muxwire.protocol import View
from muxwire.runs import RunResult
from muxwire.words import FINAL_STATES

from modelmuxd.edge.render import clean, following, human, runs
from modelmuxd.edge.render.base import Rendered
from modelmuxd.edge.render.columns import side_by_side
from modelmuxd.edge.render.layout import paint, state_colour, table


def start(view: View, params: Any) -> Rendered:
    """`params` is None where the call is refused unread."""
    if view.tty and not view.json:
        return Terminal(view, cancels=getattr(params, "cancel_on_hangup", False))
    background = getattr(params, "background", False) and not view.json
    return following.Id(view) if background else following.OneLine(view)


class Terminal(following.Terminal):
    def answer(self, value: BroadcastResult) -> str:
        if value.status not in FINAL_STATES:
            return ""
        text = answers_text(value.results, self._view)
        return text + comparison_text(value, self._view) if value.comparison else text

    def ending(self, value: BroadcastResult) -> list[str]:
        tally = f"{value.summary.success} of {value.summary.total} answered"
        return [*value.notes, " · ".join([human.short(value.run_id), tally, *following.spent(value)])]


def answers_text(results: Sequence[RunResult], view: View) -> str:
    """Those who answered side by side where there is room, else one below the other; then who did not."""
    good = [run for run in results if run.output]
    bad = [run for run in results if run.status != "success"]
    text = side_by_side([(_heading(run), run.output) for run in good], view)
    rows = [(run.step, run.status, runs.outcome(run)) for run in bad]
    styles = [("bold", state_colour(run.status), "") for run in bad]
    return text + ("\n" if text and bad else "") + table(rows, view, styles=styles)


def comparison_text(value: BroadcastResult, view: View) -> str:
    """Who stands where, how far they agree, and what each says alone."""
    said = value.comparison
    if said is None or not said.comparable:
        return f"\n{clean.line(said.reason)}\n" if said else ""
    rows = [
        (str(place), name, f"{said.per_provider[name].agreement:.0%}", *_spent(said.per_provider[name]))
        for place, name in enumerate(said.ranking, 1)
    ]
    head = ("", f"by {said.ranked_by}", "agrees", "took", "cost", "words")
    text = f"\n{table([head, *rows], view)}"
    if value.judgement:
        text += table([(name, why) for name, why in value.judgement.reasons.items()], view)
    text += f"\nagreement {said.agreement_score:.0%} ({said.measure})\n"
    alone = [(name, line) for name in said.ranking for line in said.unique.get(name, ())]
    return text + (f"\n{paint('only', 'bold', view)}\n{table(alone, view)}" if alone else "")


def _spent(one: Compared) -> tuple[str, ...]:
    return human.seconds(one.duration_seconds), human.dollars(one.cost_usd), str(one.word_count)


def _heading(run: RunResult) -> str:
    return f"{run.step} · {human.seconds(run.duration_seconds)}"
