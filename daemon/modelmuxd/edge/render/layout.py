"""Columns, widths and colour of a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category, combining, east_asian_width

from muxwire.protocol import View

from modelmuxd.edge.render import clean

_SGR = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
STATE_COLOURS = {
    "running": "cyan",
    "waiting": "yellow",
    "queued": "yellow",
    "success": "green",
    "canceled": "dim",
}
"""Other final states are red. The word is always there too: colour never carries the meaning alone."""
GAP = "  "
MIN_LAST = 16
"""Columns that the last column of a table keeps before others are dropped."""


def paint(words: str, style: str, view: View) -> str:
    """`words` in a style where the caller wants colour."""
    return f"\x1b[{_SGR[style]}m{words}\x1b[0m" if view.colour and words else words


def state_colour(state: str) -> str:
    return STATE_COLOURS.get(state, "red")


def width(words: str) -> int:
    """Columns that text takes: wide characters two, combining and format ones none (emoji sequences: an estimate)."""
    if words.isascii():
        return len(words)
    return sum(map(_columns, words))


def _columns(character: str) -> int:
    if combining(character) or category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def cut(words: str, room: int) -> str:
    """At most `room` columns of one line; what is cut off shows as …"""
    if width(words) <= room:
        return words
    kept, used = [], 0
    for character in words:
        used += _columns(character)
        if used > room - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…" if room > 0 else ""


def room(view: View) -> int | None:
    """Columns to fit into; None where nothing has to fit: in a pipe or a file."""
    return max(view.width, 20) if view.tty else None


def table(
    rows: Sequence[Sequence[str]], view: View, *, styles: Sequence[Sequence[str]] = (), drop: Sequence[int] = ()
) -> str:
    """Rows in columns. On a narrow terminal the last column gives way, then those of `drop` go; ids never do.

    `styles` names a colour per cell (empty for none) and is applied after measuring.
    """
    if not rows:
        return ""
    cells = [[clean.line(cell) for cell in row] for row in rows]
    widths = [max(width(row[column]) for row in cells) for column in range(len(cells[0]))]
    shown = _fitting(widths, room(view), drop)
    plain = ("",) * len(widths)
    return "".join(
        _row([(row[c], widths[c], (styles[number] if styles else plain)[c]) for c in shown], view) + "\n"
        for number, row in enumerate(cells)
    )


def _fitting(widths: list[int], limit: int | None, drop: Sequence[int]) -> list[int]:
    """The columns to show; narrows the last one in `widths` to what is left for it."""
    columns = list(range(len(widths)))
    if limit is None:
        return columns
    last, victims = columns[-1], iter(drop)
    while True:
        left = limit - sum(widths[c] + len(GAP) for c in columns if c != last)
        victim = None if left >= min(widths[last], MIN_LAST) else next(victims, None)
        if victim is None:
            break
        columns.remove(victim)
    widths[last] = min(widths[last], max(left, 0))
    return columns


def _row(cells: Sequence[tuple[str, int, str]], view: View) -> str:
    parts = []
    for cell, columns, style in cells:
        shown = cut(cell, columns)
        painted = paint(shown, style, view) if style else shown
        parts.append(painted + " " * (columns - width(shown)))
    return GAP.join(parts).rstrip(" ")


def sheet(facts: Sequence[tuple[str, str]], view: View) -> str:
    """Names and values, one a line; a fact without a value is left out."""
    return table([(f"{name}:", value) for name, value in facts if value], view)
