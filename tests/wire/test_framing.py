"""Frames survive any way a stream is cut, and nothing but frames gets in."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muxwire.framing import HEADER, MAX_FRAME, FrameError, FrameReader, frame

bodies = st.lists(st.binary(min_size=1, max_size=300), max_size=8)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(bodies, st.lists(st.integers(min_value=0), max_size=20))
def test_any_split_of_the_bytes_gives_the_same_frames(sent: list[bytes], places: list[int]) -> None:
    reader = FrameReader()
    received = []
    for piece in cut(b"".join(map(frame, sent)), places):
        reader.feed(piece)
        received += list(reader)
    assert received == sent
    assert reader.pending == 0


@given(bodies, st.integers(min_value=0, max_value=300))
def test_a_cut_frame_is_kept_and_not_given(sent: list[bytes], missing: int) -> None:
    reader = FrameReader()
    stream = b"".join(map(frame, sent)) + frame(bytes(301))[: 305 - 1 - missing]
    reader.feed(stream)
    assert list(reader) == sent
    assert not reader.ready
    assert reader.pending == 304 - missing


@given(bodies, st.sampled_from([0, 11, 2**31, 2**32 - 1]), st.binary(max_size=20))
def test_frames_before_a_bad_length_are_given_first(sent: list[bytes], size: int, rest: bytes) -> None:
    reader = FrameReader(limit=300)
    reader.feed(b"".join(map(frame, sent)))
    assert list(reader) == sent
    reader.limit = 10
    reader.feed(size.to_bytes(HEADER, "big") + rest)
    assert reader.ready_or_garbled
    with pytest.raises(FrameError):
        next(reader)


@given(st.binary(max_size=200))
def test_junk_gives_frames_or_an_error_and_nothing_else(junk: bytes) -> None:
    reader = FrameReader(limit=64)
    reader.feed(junk)
    try:
        got = list(reader)
    except FrameError:
        return
    assert b"".join(map(frame, got)) + junk[len(junk) - reader.pending :] == junk


def test_a_new_limit_holds_for_what_was_fed_already() -> None:
    reader = FrameReader(limit=4)
    reader.feed(frame(b"tiny") + frame(b"larger"))
    assert next(reader) == b"tiny"
    reader.limit = MAX_FRAME
    assert next(reader) == b"larger"


@pytest.mark.parametrize("size", [0, MAX_FRAME + 1])
def test_an_empty_or_oversized_body_is_not_framed(size: int) -> None:
    with pytest.raises(FrameError):
        frame(bytes(size))
