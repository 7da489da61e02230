"""No method without a handler, none with two; what cannot be read is refused by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from modelmuxd.edge.calls import Call
from modelmuxd.edge.table import Handlers
from muxwire.faults import USAGE, FaultError
from muxwire.insight import Nothing
from muxwire.methods import DISPATCH, METHODS, PING, Method
from muxwire.runs import DispatchParams


async def nothing(params: Any, call: Call) -> None: ...


def test_every_method_has_one_handler() -> None:
    handlers = Handlers(dict.fromkeys(METHODS.values(), nothing))
    assert all(handlers.find(name).method is method for name, method in METHODS.items())


def test_a_missing_handler_fails_at_construction() -> None:
    table = dict.fromkeys(METHODS.values(), nothing)
    del table[PING]
    with pytest.raises(ValueError, match="no handler for ping"):
        Handlers(table)


@pytest.mark.parametrize("again", [PING, Method("ping", Nothing, Nothing, "Another of that name.")])
def test_a_doubled_handler_fails_at_construction(again: Method[Any, Any]) -> None:
    with pytest.raises(ValueError, match="two handlers for ping"):
        Handlers({PING: nothing}, {again: nothing}, partial=True)


def test_an_unknown_method_names_the_nearest() -> None:
    handlers = Handlers(dict.fromkeys(METHODS.values(), nothing))
    with pytest.raises(FaultError) as raised:
        handlers.find("dispach")
    assert raised.value.fault.code == USAGE
    assert "'dispatch'" in raised.value.fault.message
    assert set(raised.value.fault.choices) == set(METHODS)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({}, "task"),
        ({"task": 7}, "$.task"),
        ({"task": "x", "timeout": 0}, "$.timeout"),
        ({"task": "x", "sandbox": "some"}, "$.sandbox"),
        ([], "object"),
    ],
)
def test_invalid_parameters_are_refused_by_field(params: object, named: str) -> None:
    bound = Handlers({DISPATCH: nothing}, partial=True).find("dispatch")
    with pytest.raises(FaultError, match=r"^usage: dispatch: ") as raised:
        bound.read(msgspec.Raw(msgspec.msgpack.encode(params)))
    assert named in raised.value.fault.message


def test_a_newer_clients_parameter_is_ignored() -> None:
    bound = Handlers({DISPATCH: nothing}, partial=True).find("dispatch")
    encoded = msgspec.msgpack.encode({"task": "x", "mood": "good"})
    assert bound.read(msgspec.Raw(encoded)) == DispatchParams("x")
