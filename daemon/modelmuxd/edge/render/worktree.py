"""`muxctl diff|apply|discard|trust`: a patch byte for byte, and a line of what became of it."""

from __future__ import annotations

from typing import Any

from muxwire.faults import Fault
from muxwire.protocol import View
from muxwire.trust import Trusted
from muxwire.worktree import Applied, Patch

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.base import Printed
from modelmuxd.edge.render.layout import paint
from modelmuxd.edge.render.plain import json_line, refused
from modelmuxd.edge.render.runs import changed

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class Diff:
    """In a pipe the bytes that git gave, for `git apply`; on a terminal the same in colour, made safe."""

    def __init__(self, view: View) -> None:
        self._view = view

    def event(self, value: Any) -> Printed | None:
        return None

    def result(self, value: Patch) -> Printed:
        if self._view.json:
            return Printed(stdout=json_line(_plain(value)))
        about = f"{human.short(value.run_id)}: {changed(value.changes)}, against {value.checkout}"
        note = paint(clean.line(about), "dim", self._view) + "\n"
        if not self._view.tty:
            return Printed(stdout=value.patch, stderr=b"" if value.patch else note.encode())
        return Printed(stdout=_coloured(value.patch, self._view).encode(), stderr=note.encode())

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)


def _plain(value: Patch) -> dict[str, object]:
    """JSON has no bytes: `exact` says whether the text is the patch, letter for letter."""
    text = value.patch.decode(errors="replace")
    said = {"run_id": value.run_id, "checkout": value.checkout, "changes": value.changes}
    return {**said, "patch": text, "exact": text.encode() == value.patch}


def _coloured(patch: bytes, view: View) -> str:
    lines = clean.text(patch.decode(errors="replace")).splitlines()
    return "".join(_line(line, view) + "\n" for line in lines)


def _line(line: str, view: View) -> str:
    colour = _COLOURS.get(line[:1])
    return paint(line, colour, view) if colour else line


def applied_text(applied: Applied, view: View) -> str:
    return f"{clean.line(applied.checkout)}: {changed(applied.changes)}. Nothing is committed.\n"


def discarded_text(discarded: Applied, view: View) -> str:
    return f"Thrown away: {changed(discarded.changes)}.\n"


def trusted_text(trusted: Trusted, view: View) -> str:
    lines = []
    for one in trusted.folders:
        mark = "trusted" if one.unchanged else "changed since, not trusted any more"
        lines.append(f"{clean.line(one.folder)}  {paint(mark, 'dim', view)}\n")
    return "".join(lines) or "No project is trusted.\n"
