"""The answer is byte-exact, whatever its size, and memory stays bounded."""

from __future__ import annotations

import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.engine.answer import FILE, INLINE, Answer


def test_a_small_answer_stays_inline(tmp_path: Path) -> None:
    answer = Answer(tmp_path)
    for piece in ("def f(x):\n", "    return x\n"):
        answer.delta(piece)
    assert answer.close() == ("def f(x):\n    return x\n", False, 23)
    assert not (tmp_path / FILE).exists()


def test_a_large_answer_lies_in_a_private_file(tmp_path: Path) -> None:
    answer = Answer(tmp_path)
    for _ in range(100):
        answer.delta("é" * 5000)
    head, in_file, size = answer.close()
    whole = (tmp_path / FILE).read_bytes()
    assert in_file
    assert whole == ("é" * 500_000).encode()
    assert size == len(whole)
    assert whole.startswith(head.encode())
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_message_replaces_the_deltas(tmp_path: Path) -> None:
    answer = Answer(tmp_path)
    answer.delta("x" * (INLINE + 1))
    answer.message("the answer")
    assert answer.close() == ("the answer", False, 10)


def test_a_large_message_replaces_spilled_deltas(tmp_path: Path) -> None:
    answer = Answer(tmp_path)
    answer.delta("x" * (INLINE + 1))
    answer.message("y" * (INLINE + 5))
    _, in_file, size = answer.close()
    assert in_file
    assert (tmp_path / FILE).read_text() == "y" * size == "y" * (INLINE + 5)


def test_what_an_earlier_daemon_spilled_is_begun_anew(tmp_path: Path) -> None:
    first = Answer(tmp_path)
    first.delta("old" * INLINE)
    again = Answer(tmp_path)
    again.delta("new")
    assert again.close() == ("new", False, 3)


@given(st.lists(st.text(), max_size=20))
def test_any_text_comes_back(tmp_path_factory: object, pieces: list[str]) -> None:
    folder = tmp_path_factory.mktemp("answer")  # type: ignore[attr-defined]
    answer = Answer(folder)
    for piece in pieces:
        answer.delta(piece)
    assert answer.close()[0] == "".join(pieces).encode("utf-8", "replace").decode()
