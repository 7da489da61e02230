"""Every message and every method's types survive the wire; newer peers' extras are ignored; secrets do not show."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from muxwire import methods
from muxwire.methods import METHODS, Method
from muxwire.protocol import FromClient, FromDaemon, Supply

KINDS = [*((FromClient, kind) for kind in get_args(FromClient)), *((FromDaemon, kind) for kind in get_args(FromDaemon))]
raw = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
).map(lambda value: msgspec.Raw(msgspec.msgpack.encode(value)))
st.register_type_strategy(msgspec.Raw, raw)
st.register_type_strategy(int, st.integers(-(2**63), 2**64 - 1))  # what msgpack has room for


@pytest.mark.parametrize(("side", "kind"), KINDS, ids=lambda value: getattr(value, "__name__", ""))
@given(data=st.data())
def test_every_message_round_trips(side: Any, kind: type[msgspec.Struct], data: st.DataObject) -> None:
    message = data.draw(st.from_type(kind))
    encoded = msgspec.msgpack.encode(message)
    assert isinstance(msgspec.msgpack.decode(encoded)[0], str)  # an array, its tag first
    decoded = msgspec.msgpack.decode(encoded, type=side)
    assert type(decoded) is kind
    assert msgspec.msgpack.encode(decoded) == encoded


@pytest.mark.parametrize(("side", "kind"), KINDS, ids=lambda value: getattr(value, "__name__", ""))
@given(data=st.data())
def test_a_newer_peers_extra_elements_are_ignored(side: Any, kind: type[msgspec.Struct], data: st.DataObject) -> None:
    fields = msgspec.msgpack.decode(msgspec.msgpack.encode(data.draw(st.from_type(kind))))
    decoded = msgspec.msgpack.decode(msgspec.msgpack.encode([*fields, "new", {"more": 1}]), type=side)
    assert type(decoded) is kind


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_every_methods_types_can_travel(method: Method[Any, Any]) -> None:
    for kind in filter(None, (method.params, method.result, method.event)):
        msgspec.msgpack.Decoder(kind)
        msgspec.json.Decoder(kind)


def test_methods_are_named_once() -> None:
    named = [value for value in vars(methods).values() if isinstance(value, Method)]
    assert {method.name for method in named} == METHODS.keys()
    assert len(named) == len(METHODS)


def test_supplied_values_do_not_show() -> None:
    shown = repr(Supply(1, {"OPENAI_API_KEY": "sk-hidden"}))
    assert "sk-hidden" not in shown
    assert "1 hidden" in shown
