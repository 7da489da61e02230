"""`muxctl clean`: what went or would go, a line each; and what the record takes on disk."""

from __future__ import annotations

from muxwire.protocol import View
from muxwire.retention import CleanResult, Space

from modelmuxd.edge.render import human
from modelmuxd.edge.render.layout import sheet, table


def cleaned_text(result: CleanResult, view: View) -> str:
    would = "would go" if result.dry_run else "gone"
    rows = [
        (
            one.what,
            f"of {one.runs} runs",
            f"{human.size(one.bytes)} {would}",
            f"ended before {human.moment(one.before)}",
        )
        for one in result.lines
    ]
    kept = f"{result.pending} stay until `muxctl apply` or `discard`: their worktree waits\n" if result.pending else ""
    return table(rows, view, styles=[("bold", "", "", "dim")] * len(rows)) + kept


def space_text(space: Space, view: View) -> str:
    rows = [
        ("database", f"{human.size(space.database)}, of which {human.size(space.reusable)} are free for new rows"),
        ("spool", human.size(space.spool)),
        ("worktrees", human.size(space.worktrees)),
        ("logs", human.size(space.logs)),
        ("disk", f"{human.size(space.free)} free"),
    ]
    return sheet(rows, view)
