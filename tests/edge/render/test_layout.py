"""Columns that fit, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.edge.render.layout import cut, table, width
from muxwire.protocol import View

CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
TTY = View(width=40, tty=True)


@given(CELL, st.integers(1, 60))
def test_a_cut_cell_fits(words: str, room: int) -> None:
    assert width(cut(words, room)) <= room


@pytest.mark.parametrize(
    ("words", "columns"), [("abc", 3), ("修复", 4), ("e\u0301", 1), ("🎉", 2), ("a\u200bb", 2), ("", 0)]
)
def test_width_counts_columns(words: str, columns: int) -> None:
    assert width(words) == columns


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_a_tables_last_column_gives_way(rows: list[tuple[str, str]]) -> None:
    ids = [(f"id{number:04}", first, last) for number, (first, last) in enumerate(rows)]
    for line, row in zip(table(ids, TTY, drop=(1,)).split("\n"), ids, strict=False):
        assert width(line) <= TTY.width
        assert line.startswith(row[0])


def test_in_a_pipe_nothing_is_cut() -> None:
    assert table([("id", "x" * 300)], View(width=40)) == f"id  {'x' * 300}\n"


def test_on_a_narrow_terminal_columns_go_before_ids() -> None:
    row = ("01kak3zv5x8yq2m4", "running", "codex/gpt-5", "1 m 3 s", "mend the failing test at once")
    assert table([row], View(width=50, tty=True), drop=(3, 2)) == "01kak3zv5x8yq2m4  running  mend the failing test…\n"
