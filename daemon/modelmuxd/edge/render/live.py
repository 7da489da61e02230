"""`muxctl status -w`: whole screens on a terminal, a line per change elsewhere, JSON lines with --json."""

from __future__ import annotations

from typing import Any

from muxwire.faults import Fault
from muxwire.insight import LiveStatus, Status
from muxwire.protocol import View

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.base import Printed, Rendered
from modelmuxd.edge.render.layout import GAP, cut, paint
from modelmuxd.edge.render.plain import json_line, refused
from modelmuxd.edge.render.queue import standing
from modelmuxd.edge.render.status import about, provider, status_text

_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
_CUT, _WRAP = "\x1b[?7l", "\x1b[?7h"
"""What is wider than the screen ends at its edge while we paint: a second line of it would scroll the first away."""


def start(view: View) -> Rendered:
    if view.json:
        return JsonLines(view)
    return Screen(view) if view.tty else Changes(view)


class _Live:
    def __init__(self, view: View) -> None:
        self._view = view

    def result(self, value: Any) -> Printed:
        """The daemon ends: nothing more to see."""
        return Printed(code=0)

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)


class JsonLines(_Live):
    """Each status as one line, `type` first."""

    def event(self, value: LiveStatus) -> Printed:
        return Printed(stdout=json_line(value))


class Screen(_Live):
    """Each status as one screen, painted over the last without clearing it first, so that nothing flickers."""

    def event(self, value: LiveStatus) -> Printed:
        lines = status_text(value.status, self._view).splitlines()
        room = max(self._view.height - 2, 1)
        if len(lines) > room:
            lines = [*lines[: room - 1], f"… {len(lines) - room + 1} more"]
        keys = paint(cut("q ends · runs go on", self._view.width), "dim", self._view)
        body = "".join(f"{line}{_REST_OF_LINE}\r\n" for line in (*lines, ""))
        return Printed(stdout=f"{_HOME}{_CUT}{body}{keys}{_REST_OF_SCREEN}{_WRAP}".encode())


class Changes(_Live):
    """A line for each run, pause and account that is new or stands elsewhere than before."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._seen: dict[str, tuple[str, str]] = {}
        self._held: dict[str, tuple[object, str]] = {}

    def event(self, value: LiveStatus) -> Printed | None:
        lines = "".join((*self._holds(value.status), *self._changes(value.status)))
        return Printed(stdout=lines.encode()) if lines else None

    def _holds(self, status: Status) -> list[str]:
        """What is paused or not to be asked from now on, and what goes on again."""
        now = human.clock(status.at)
        before, self._held = self._held, _held(status)
        held = self._held.items()
        new = [f"{name}{GAP}{why}" for name, (by, why) in held if name not in before or before[name][0] != by]
        over = [f"{name}{GAP}goes on" for name in before if name not in self._held]
        return [f"{now}{GAP}{clean.line(line)}\n" for line in (*new, *over)]

    def _changes(self, status: Status) -> list[str]:
        now = human.clock(status.at)
        before, self._seen = self._seen, {}
        lines = []
        for run in (*status.running, *status.waiting, *reversed(status.recent)):
            self._seen[run.run_id] = stands = (run.state, run.waiting_for)
            if before.get(run.run_id) != stands:
                cells = (now, human.short(run.run_id), run.state, provider(run), clean.line(about(run, status.at)))
                lines.append(GAP.join(cells) + "\n")
        return lines


def _held(status: Status) -> dict[str, tuple[object, str]]:
    """What is held back: what by, and in words, which say the same time differently as it comes near."""
    held: dict[str, tuple[object, str]] = {}
    for pause in status.paused:
        held[pause.provider or "all"] = (pause.by, f"paused by {pause.by}")
    for one in status.accounts:
        if why := standing(one, status.at):
            held[one.account] = ((one.cooldown_until, one.circuit), why)
    return held
