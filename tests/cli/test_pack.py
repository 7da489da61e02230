"""The tiny msgpack against the real one, both ways."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from muxclients.hot import pack

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=20)
    ),
)
LONG = [
    *("x" * size for size in (31, 32, 255, 256, 65535, 65536)),
    *(b"x" * size for size in (255, 256, 65535, 65536)),
    *([0] * size for size in (15, 16, 65535, 65536)),
    *(dict.fromkeys(map(str, range(size)), None) for size in (15, 16, 65536)),
]


@given(VALUES)
def test_what_is_encoded_is_read_by_msgspec(value: Any) -> None:
    assert msgspec.msgpack.decode(pack.encode(value)) == value


@given(VALUES)
def test_what_msgspec_writes_is_decoded(value: Any) -> None:
    assert pack.decode(msgspec.msgpack.encode(value)) == value


@pytest.mark.parametrize("value", LONG, ids=lambda value: f"{type(value).__name__}-{len(value)}")
def test_lengths_at_the_edges_of_the_format(value: Any) -> None:
    assert msgspec.msgpack.decode(pack.encode(value)) == value
    assert pack.decode(msgspec.msgpack.encode(value)) == value


@given(st.binary(max_size=64))
def test_junk_is_an_error_not_a_crash(data: bytes) -> None:
    with suppress(ValueError, IndexError, TypeError, RecursionError):
        pack.decode(data)


@given(VALUES, st.integers(1, 8))
def test_a_cut_value_is_an_error(value: Any, cut: int) -> None:
    whole = msgspec.msgpack.encode(value)
    with pytest.raises((ValueError, IndexError)):
        pack.decode(whole[:-cut] if cut < len(whole) else b"")


def test_what_cannot_be_encoded_is_refused() -> None:
    with pytest.raises(TypeError):
        pack.encode(object())
    with pytest.raises(OverflowError):
        pack.encode(2**64)
