"""Markdown in which what others wrote cannot be taken for ours."""

from __future__ import annotations

from collections.abc import Iterable

from modelmuxd.edge.render import clean


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = "|" + " --- |" * len(head) + "\n"
    return row(head) + rule + "".join(map(row, rows))


def row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(plain, cells))} |\n"


def plain(text: str) -> str:
    """One cell's text, whose own marks stay text.

    >>> plain("a|b\\n<i>")
    'a\\\\|b &lt;i&gt;'
    """
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in "\\|`*_[]":
        line = line.replace(mark, f"\\{mark}")
    return line


def quoted(text: str) -> str:
    """A block of it: its own marks work, and stay inside.

    >>> quoted("# a\\n\\nb")
    '> # a\\n>\\n> b\\n'
    """
    return "".join(f"> {line}".rstrip() + "\n" for line in clean.text(text).splitlines())
