"""What the renderers of composites share: one line of JSON, or on a terminal what happens and then the end of it."""

from __future__ import annotations

from typing import Any

from muxwire import exits
from muxwire.events import ChildChanged, StateChanged
from muxwire.faults import Fault
from muxwire.protocol import View

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.base import Printed
from modelmuxd.edge.render.layout import GAP, paint, state_colour
from modelmuxd.edge.render.plain import fault_text, json_line, refused, stable


class OneLine:
    """Exactly one JSON line: the result, or the error."""

    def __init__(self, view: View) -> None:
        self._view = view

    def event(self, value: Any) -> Printed | None:
        return None

    def result(self, value: Any) -> Printed:
        return Printed(stdout=json_line(stable(value)), code=code_of(value))

    def fault(self, fault: Fault) -> Printed:
        if self._view.json:
            return refused(fault, self._view)
        line = json_line({"error": fault})
        return Printed(stdout=line, stderr=fault_text(fault, self._view).encode(), code=exits.of_fault(fault))


class Id(OneLine):
    """Of one in the background its id, bare, so that a shell can keep it."""

    def result(self, value: Any) -> Printed:
        return Printed(stdout=f"{value.run_id}\n".encode(), code=code_of(value))


class Terminal:
    """What happens, dim, on stderr; what it came to on stdout, and below it how it ended."""

    def __init__(self, view: View, *, cancels: bool) -> None:
        self._view = view
        self._cancels = cancels
        self._named = False

    def event(self, value: Any) -> Printed | None:
        if isinstance(value, StateChanged) and value.run_id and not self._named:
            self._named = True
            end = "cancels it" if self._cancels else "leaves it running, twice cancels it"
            note = f"run {human.short(value.run_id)} · ^C {end}"
            return Printed(stderr=(paint(note, "dim", self._view) + "\n").encode())
        if isinstance(value, ChildChanged) and value.state != "queued":
            return Printed(stderr=child_line(value, self._view).encode())
        return None

    def result(self, value: Any) -> Printed:
        about = fault_text(value.error, self._view) if value.error is not None else ""
        about += "".join(paint(clean.line(line), "dim", self._view) + "\n" for line in self.ending(value))
        command = clean.line(value.next) if value.next else f"muxctl {self.then(value)} {human.short(value.run_id)}"
        about += paint(f"→ {command}", "dim", self._view) + "\n"
        return Printed(stdout=self.answer(value).encode(), stderr=about.encode(), code=code_of(value))

    def answer(self, value: Any) -> str:
        raise NotImplementedError

    def ending(self, value: Any) -> list[str]:
        """The lines below it."""
        raise NotImplementedError

    def then(self, value: Any) -> str:
        """The command that shows more of it."""
        return "show"

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)


def code_of(value: Any) -> int:
    """What was not approved has not succeeded."""
    code = exits.of_state(value.status, value.error)
    refused = value.status == "success" and getattr(value, "approved", None) is False
    return exits.of_state("error", None) if refused else code


def child_line(event: ChildChanged, view: View) -> str:
    """One turn that stands elsewhere than before."""
    name = event.step if event.round == 1 else f"{event.step} {event.round}"
    why = f"{GAP}{event.text}" if event.text else ""
    line = f"{clean.line(name)}{GAP}{paint(event.state, state_colour(event.state), view)}{clean.line(why)}"
    return f"{line}\n"


def spent(value: Any) -> list[str]:
    """Time, tokens, cost."""
    facts = [human.seconds(value.duration_seconds)]
    if value.token_usage is not None:
        facts.append(f"{human.count(value.token_usage.total_tokens)} tokens")
    return [*facts, f"cost {human.money(value.cost)}"]
