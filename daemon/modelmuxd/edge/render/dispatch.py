"""`muxctl dispatch`, `retry` and `attach`: on a terminal the answer as it comes and one line about it; else one line of
JSON. Of a run in the background its id, bare, so that a shell can keep it."""

from __future__ import annotations

from typing import Any

from muxwire import exits
from muxwire.events import AttemptEnded, ChildChanged, Notice, StateChanged, Text, ToolUsed
from muxwire.faults import Fault
from muxwire.protocol import View
from muxwire.runs import RunResult
from muxwire.words import FINAL_STATES

from modelmuxd.edge.render import clean, human, runs
from modelmuxd.edge.render.base import Printed, Rendered
from modelmuxd.edge.render.following import child_line
from modelmuxd.edge.render.layout import paint
from modelmuxd.edge.render.plain import fault_text, json_line, refused, stable

_TAIL = 64 * 1024
"""Characters of the streamed text kept, to tell whether the answer has been shown already."""


def start(view: View, params: Any) -> Rendered:
    """`params` are those of one of the three, or None where the call is refused unread."""
    if view.json:
        return OneLine(view)
    if view.tty:
        return Terminal(view, cancels=getattr(params, "cancel_on_hangup", False))
    return Id(view) if getattr(params, "background", False) else OneLine(view)


class OneLine:
    """Exactly one JSON line: the canonical result, or the error."""

    def __init__(self, view: View) -> None:
        self._view = view

    def event(self, value: Any) -> Printed | None:
        return None

    def result(self, value: RunResult) -> Printed:
        return Printed(stdout=json_line(stable(value)), code=exits.of_run(value))

    def fault(self, fault: Fault) -> Printed:
        if self._view.json:
            return refused(fault, self._view)
        # In a pipe a reader wants JSON, and whoever looks at stderr the sentence.
        line = json_line({"error": fault})
        return Printed(stdout=line, stderr=fault_text(fault, self._view).encode(), code=exits.of_fault(fault))


class Id(OneLine):
    """`run=$(muxctl dispatch --background …)`: the whole id and nothing else; a fault is for stderr."""

    def result(self, value: RunResult) -> Printed:
        about = fault_text(value.error, self._view) if value.error is not None else ""
        return Printed(stdout=f"{value.run_id}\n".encode(), stderr=about.encode(), code=exits.of_run(value))

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)


class Terminal:
    """Text on stdout as it comes; what happens meanwhile, dim, on stderr."""

    def __init__(self, view: View, *, cancels: bool) -> None:
        self._view = view
        self._cancels = cancels
        self._stream = clean.Stream()
        self._attempt = 0
        self._shown = ""
        self._named = False

    def event(self, value: Any) -> Printed | None:
        if isinstance(value, Text):
            return self._text(value)
        note = self._note(value)
        return Printed(stdout=self._newline(), stderr=note.encode()) if note else None

    def result(self, value: RunResult) -> Printed:
        rest = self._unseen(value.output) if value.status in FINAL_STATES else ""
        answer = self._take(self._stream.end() + clean.text(rest))
        if not answer and not self._shown and value.status not in FINAL_STATES:
            answer = self._take(human.short(value.run_id))  # in the background the run's name is the answer
        out = answer.encode() + self._newline()
        about = fault_text(value.error, self._view) if value.error is not None else ""
        about += runs.ending(value, self._view) + runs.hint(value, self._view)
        return Printed(stdout=out, stderr=about.encode(), code=exits.of_run(value))

    def fault(self, fault: Fault) -> Printed:
        refusal = refused(fault, self._view)
        return Printed(stdout=self._newline(), stderr=refusal.stderr, code=refusal.code)

    def _text(self, piece: Text) -> Printed:
        """A piece of the answer. Another attempt's first piece starts on a new line, below a note that says so."""
        note, before = "", b""
        if self._attempt and piece.attempt != self._attempt:
            note, before = self._dim(f"attempt {piece.attempt} starts over"), self._newline()
            self._shown, self._stream = "", clean.Stream()
        self._attempt = piece.attempt
        return Printed(stdout=before + self._take(self._stream.feed(piece.text)).encode(), stderr=note.encode())

    def _take(self, words: str) -> str:
        self._shown = (self._shown + words)[-_TAIL:]
        return words

    def _newline(self) -> bytes:
        """Ends the line that the answer stands on, if it does."""
        if not self._shown or self._shown.endswith("\n"):
            return b""
        return self._take("\n").encode()

    def _unseen(self, output: str) -> str:
        """What of the final answer has not been streamed."""
        safe, shown = clean.text(output).strip(), self._shown.strip()
        if not shown:
            return output
        if shown.endswith(safe[-len(shown) :]):
            return ""
        if safe.startswith(shown):
            return safe[len(shown) :]
        return f"\n{output}"

    def _note(self, event: Any) -> str:
        if isinstance(event, StateChanged):
            return self._state(event)
        if isinstance(event, ChildChanged) and event.state != "queued":
            return child_line(event, self._view)
        if isinstance(event, ToolUsed) and event.status != "completed":
            return self._dim(" ".join(filter(None, ("·", event.name, event.status, event.detail))))
        if isinstance(event, Notice):
            return self._dim(event.text)
        if isinstance(event, AttemptEnded) and event.fault is not None:
            decision = f"; {event.decision}" if event.decision else ""
            return self._dim(f"attempt {event.attempt}: {event.fault.message}{decision}")
        return ""

    def _state(self, event: StateChanged) -> str:
        """The run's name as soon as it has one, so that ^C leaves the reader with something to go on."""
        note = ""
        if event.run_id and not self._named:
            self._named = True
            end = "cancels it" if self._cancels else "leaves it running, twice cancels it"
            note = self._dim(f"run {human.short(event.run_id)} · ^C {end}")
        if event.state == "waiting":
            note += self._dim(f"waiting: {event.text or event.reason}")
        return note

    def _dim(self, words: str) -> str:
        return paint(clean.line(words), "dim", self._view) + "\n"
