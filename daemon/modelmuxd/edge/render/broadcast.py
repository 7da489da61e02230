"""`muxctl broadcast`: on a terminal who has answered, then the answers side by side; else one JSON line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from muxwire import exits
from muxwire.broadcast import BroadcastResult
from muxwire.events import ChildChanged, StateChanged
from muxwire.faults import Fault
from muxwire.protocol import View
from muxwire.runs import RunResult
from muxwire.words import FINAL_STATES

from modelmuxd.edge.render import clean, human, runs
from modelmuxd.edge.render.base import Printed, Rendered
from modelmuxd.edge.render.columns import side_by_side
from modelmuxd.edge.render.layout import GAP, paint, state_colour, table
from modelmuxd.edge.render.plain import fault_text, json_line, refused, stable


def start(view: View, params: Any) -> Rendered:
    """`params` is None where the call is refused unread."""
    if view.tty and not view.json:
        return Terminal(view)
    return Id(view) if getattr(params, "background", False) and not view.json else OneLine(view)


class OneLine:
    """Exactly one JSON line: the result, or the error."""

    def __init__(self, view: View) -> None:
        self._view = view

    def event(self, value: Any) -> Printed | None:
        return None

    def result(self, value: Any) -> Printed:
        return Printed(stdout=json_line(stable(value)), code=exits.of_state(value.status, value.error))

    def fault(self, fault: Fault) -> Printed:
        if self._view.json:
            return refused(fault, self._view)
        line = json_line({"error": fault})
        return Printed(stdout=line, stderr=fault_text(fault, self._view).encode(), code=exits.of_fault(fault))


class Id(OneLine):
    """Of one in the background its id, bare, so that a shell can keep it."""

    def result(self, value: Any) -> Printed:
        return Printed(stdout=f"{value.run_id}\n".encode(), code=exits.of_state(value.status, value.error))


class Terminal:
    """What happens, dim, on stderr; the answers on stdout at the end."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._named = False

    def event(self, value: Any) -> Printed | None:
        if isinstance(value, StateChanged) and value.run_id and not self._named:
            self._named = True
            note = f"run {human.short(value.run_id)} · ^C leaves it running, twice cancels it"
            return Printed(stderr=(paint(note, "dim", self._view) + "\n").encode())
        if isinstance(value, ChildChanged) and value.state != "queued":
            return Printed(stderr=child_line(value, self._view).encode())
        return None

    def result(self, value: BroadcastResult) -> Printed:
        out = answers_text(value.results, self._view) if value.status in FINAL_STATES else ""
        about = fault_text(value.error, self._view) if value.error is not None else ""
        about += paint(_ending(value), "dim", self._view) + "\n"
        command = clean.line(value.next) if value.next else f"muxctl show {human.short(value.run_id)}"
        about += paint(f"→ {command}", "dim", self._view) + "\n"
        return Printed(stdout=out.encode(), stderr=about.encode(), code=exits.of_state(value.status, value.error))

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)


def child_line(event: ChildChanged, view: View) -> str:
    """One turn that stands elsewhere than before."""
    name = event.step if event.round == 1 else f"{event.step} {event.round}"
    why = f"{GAP}{event.text}" if event.text else ""
    line = f"{clean.line(name)}{GAP}{paint(event.state, state_colour(event.state), view)}{clean.line(why)}"
    return f"{line}\n"


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


def _ending(value: BroadcastResult) -> str:
    facts = [human.short(value.run_id), f"{value.summary.success} of {value.summary.total} answered"]
    facts.append(human.seconds(value.duration_seconds))
    if value.token_usage is not None:
        facts.append(f"{human.count(value.token_usage.total_tokens)} tokens")
    facts.append(f"cost {human.dollars(value.cost.usd if value.cost else None)}")
    return " · ".join(facts)
