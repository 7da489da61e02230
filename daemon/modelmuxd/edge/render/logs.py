"""`muxctl logs RUN`: a run's events, one line each; its answer as it is."""

from __future__ import annotations

from typing import Any

from muxwire import events
from muxwire.faults import Fault
from muxwire.protocol import View
from muxwire.runs import RunResult
from muxwire.words import FINAL_STATES

from modelmuxd.edge.render import clean, human, runs
from modelmuxd.edge.render.base import Printed
from modelmuxd.edge.render.layout import paint
from modelmuxd.edge.render.plain import json_line, refused


class Logs:
    """Events as they come. The answer's text flows; everything else stands on a line of its own with its time."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._stream = clean.Stream()
        self._open_line = False
        self._at = 0.0

    def event(self, value: Any) -> Printed | None:
        if self._view.json:
            return Printed(stdout=json_line(value))
        self._at = value.at or self._at  # what an agent's stream holds no time for happened right after the last
        if isinstance(value, events.Text):
            return self._text(value.text)
        return self._line(_sentence(value))

    def result(self, value: RunResult) -> Printed:
        """Nothing to add: the events have told it. Reading a log succeeds whatever the run came to."""
        return Printed(stdout=b"" if self._view.json else self._newline(), code=0)

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)

    def _text(self, piece: str) -> Printed:
        shown = self._stream.feed(piece) if self._view.tty else piece
        self._open_line = not shown.endswith("\n") if shown else self._open_line
        return Printed(stdout=shown.encode())

    def _line(self, sentence: str) -> Printed | None:
        if not sentence:
            return None
        line = f"{human.clock(self._at)}  {clean.line(sentence)}"
        return Printed(stdout=self._newline() + paint(line, "dim", self._view).encode() + b"\n")

    def _newline(self) -> bytes:
        ended, self._open_line = self._open_line, False
        return b"\n" if ended else b""


def _sentence(event: Any) -> str:
    match event:
        case events.StateChanged(state=state) if state not in FINAL_STATES:
            return " ".join(filter(None, (event.state, event.text)))
        case events.AttemptStarted():
            why = f" ({event.why})" if event.why else ""
            return f"attempt {event.attempt} with {event.provider}{why}"
        case events.SessionStarted():
            return f"session {event.session_id} {event.model}".rstrip()
        case events.ToolUsed():
            return " ".join(filter(None, ("tool", event.name, event.status, event.detail)))
        case events.Notice():
            return f"notice: {event.text}"
        case events.ChildChanged():
            name = event.step if event.round == 1 else f"{event.step} {event.round}"
            return " ".join(filter(None, (name, human.short(event.child), event.state, event.text)))
        case events.AttemptEnded():
            return _attempt_ended(event)
        case events.Ended():
            run = event.result
            return f"{run.status} after {human.seconds(run.duration_seconds)}, {runs.tokens(run)}"
        case _:
            return ""


def _attempt_ended(event: events.AttemptEnded) -> str:
    how = event.fault.message if event.fault else "done"
    return f"attempt {event.attempt}: {how}" + (f"; {event.decision}" if event.decision else "")
