"""`muxctl audit`: a line for each decision; as JSON, a JSON line."""

from __future__ import annotations

from typing import Any

from muxwire.audit import AuditLine, AuditPage, AuditResult
from muxwire.faults import Fault
from muxwire.protocol import View

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.base import Printed
from modelmuxd.edge.render.layout import paint, table
from modelmuxd.edge.render.plain import json_line, refused

_DROP = (4, 3)
"""On a narrow terminal who asked goes first, then the provider."""


class Audit:
    def __init__(self, view: View) -> None:
        self._view = view

    def event(self, value: Any) -> Printed | None:
        assert isinstance(value, AuditPage)
        if self._view.json:
            return Printed(stdout=b"".join(map(json_line, value.lines)))
        rows = [_row(one) for one in value.lines]
        styles = [("dim", "bold", "", "", "", "")] * len(rows)
        return Printed(stdout=table(rows, self._view, styles=styles, drop=_DROP).encode())

    def result(self, value: AuditResult) -> Printed:
        if value.count or self._view.json:
            return Printed()
        return Printed(stdout=(paint("Nothing like that was decided.", "dim", self._view) + "\n").encode())

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)


def _row(one: AuditLine) -> tuple[str, ...]:
    by = " ".join(filter(None, (one.origin, one.caller, one.parent and f"of {human.short(one.parent)}")))
    return (
        human.moment(one.at),
        clean.line(one.kind),
        human.short(one.run_id),
        clean.line(one.provider),
        clean.line(by),
        clean.line(one.text),
    )
