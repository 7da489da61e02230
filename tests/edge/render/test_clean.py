"""Nothing that a model says drives the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.edge.render import clean

HOSTILE = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x1b\x07\x9b\r\n\t\u202e\u2066"))


@given(HOSTILE)
def test_text_holds_no_control_but_newline_and_tab(hostile: str) -> None:
    safe = clean.text(hostile)
    assert not [c for c in safe if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert not set(safe) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(HOSTILE)
def test_a_line_is_one_line(hostile: str) -> None:
    assert len(clean.line(hostile).splitlines()) <= 1


@given(st.lists(HOSTILE))
def test_a_stream_is_the_same_however_it_is_cut(pieces: list[str]) -> None:
    stream = clean.Stream()
    assert "".join(map(stream.feed, pieces)) + stream.end() == clean.text("".join(pieces))


@pytest.mark.parametrize("words", ["plain", "Ünï\tcödé\n", "修复 漢字 かな", "🎉👩‍💻🇩🇪", "שלום\u200f עולם"])
def test_what_people_write_stays(words: str) -> None:
    assert clean.text(words) == words
