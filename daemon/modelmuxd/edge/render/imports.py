"""`muxctl import`: a line for each file, and what was wrong with it below."""

from __future__ import annotations

from muxwire.imports import ImportedFile, ImportResult
from muxwire.protocol import View

from modelmuxd.edge.render import clean
from modelmuxd.edge.render.layout import paint, table


def imported_text(result: ImportResult, view: View) -> str:
    head = f"{'Would be taken' if result.dry_run else 'Taken'} over from {clean.line(result.folder)}:\n"
    rows = [(f"  {one.name}", _counted(one)) for one in result.files]
    return head + table(rows, view, styles=[("bold", "")] * len(rows)) + "".join(_remarks(result, view))


def _counted(one: ImportedFile) -> str:
    if one.missing:
        return "is not there"
    if one.fault is not None:
        return "left as it is"
    counts = (
        (one.taken, "taken over"),
        (one.known, "known before"),
        (one.damaged, "damaged"),
        (one.too_long, "too long"),
        (one.unmatched, "about runs that are not there"),
    )
    return ", ".join(f"{number} {what}" for number, what in counts if number) or "is empty"


def _remarks(result: ImportResult, view: View) -> list[str]:
    said = []
    for one in result.files:
        if one.first_damaged is not None:
            said.append(f"{one.name}: the first line that was left out is number {one.first_damaged}.")
        if one.fault is not None:
            said.append(" ".join(filter(None, (f"{one.name}: {one.fault.message}", one.fault.hint))))
        elif one.note:
            said.append(f"{one.name} {one.note}")
    return [f"{paint(clean.line(text), 'dim', view)}\n" for text in said]
