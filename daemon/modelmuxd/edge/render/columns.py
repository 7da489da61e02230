"""Texts side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from muxwire.protocol import View

from modelmuxd.edge.render import clean
from modelmuxd.edge.render.layout import cut, paint, room, width

LEAST = 36
"""Columns that a text needs to be readable."""
BETWEEN = " │ "


def side_by_side(texts: Sequence[tuple[str, str]], view: View) -> str:
    """Headings and texts in columns where each has room enough, else one below the other. A pipe gets them as they
    are."""
    wide = room(view)
    if wide is None:
        return "".join(f"## {heading}\n\n{text.rstrip()}\n\n" for heading, text in texts)
    each = (wide - len(BETWEEN) * (len(texts) - 1)) // max(1, len(texts))
    if len(texts) < 2 or each < LEAST:
        return "\n".join(f"{_head(heading, wide, view)}\n{clean.text(text).rstrip()}\n" for heading, text in texts)
    columns = [wrapped(clean.text(text).rstrip(), each) for _, text in texts]
    lines = [BETWEEN.join(_head(heading, each, view, fill=True) for heading, _ in texts)]
    lines += [BETWEEN.join(_fill(part, each) for part in row) for row in zip_longest(*columns, fillvalue="")]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def wrapped(text: str, room: int) -> list[str]:
    """Lines of `room` columns at most, broken between words where there are any.

    >>> wrapped("one two three\\n\\nabcdefghij", 8)
    ['one two', 'three', '', 'abcdefgh', 'ij']
    """
    return [piece for line in text.split("\n") for piece in _pieces(line.expandtabs(4), room)]


def _pieces(line: str, room: int) -> list[str]:
    pieces = []
    while width(line) > room:
        end = _fits(line, room)
        space = line.rfind(" ", 0, end + 1)
        if space > 0 and line[:space].strip():
            end = space
        pieces.append(line[:end].rstrip())
        line = line[end:].lstrip(" ")
    return [*pieces, line]


def _fits(line: str, room: int) -> int:
    """How many characters of a line that is too long fit; one at least."""
    used = 0
    for number, character in enumerate(line):
        used += width(character)
        if used > room:
            return max(1, number)
    return len(line)


def _head(heading: str, columns: int, view: View, *, fill: bool = False) -> str:
    shown = cut(clean.line(heading), columns)
    return paint(shown, "bold", view) + " " * (columns - width(shown) if fill else 0)


def _fill(part: str, columns: int) -> str:
    return part + " " * (columns - width(part))
