"""What all renderers share: JSON lines, faults, and the renderer of a call that only has an answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from muxwire import exits
from muxwire.faults import Fault
from muxwire.protocol import View

from modelmuxd.edge.render import clean
from modelmuxd.edge.render.base import Printed
from modelmuxd.edge.render.layout import paint

_LINE_ENDS = {"\u0085": b"\\u0085", "\u2028": b"\\u2028", "\u2029": b"\\u2029"}
_PLAIN = frozenset({str, int, float, bool, type(None)})
_EITHER = (Union, UnionType)


def json_line(value: Any) -> bytes:
    """One JSON line."""
    return escaped(msgspec.json.encode(value)) + b"\n"


def stable(value: Any) -> Any:
    """A finished thing with all its keys, also those that hold nothing: whoever reads it with jq can rely on them."""
    if isinstance(value, msgspec.Struct):
        whole, nested = _whole(type(value))
        if not nested:
            return whole(*msgspec.structs.astuple(value))
        fields = list(msgspec.structs.astuple(value))
        for place in nested:
            fields[place] = stable(fields[place])
        return whole(*fields)
    if isinstance(value, (tuple, list)):
        return [stable(item) for item in value]
    if isinstance(value, dict):
        return {name: stable(item) for name, item in value.items()}
    return value


@cache
def _whole(struct: type[msgspec.Struct]) -> tuple[type[msgspec.Struct], tuple[int, ...]]:
    """The struct as it is when nothing is left out, and the places of fields that may hold more than a plain value.
    Made once: dicts would cost ten times as much for each of a million rows."""
    hints = get_type_hints(struct)
    fields = [(name, Any) for name in struct.__struct_fields__]
    nested = tuple(place for place, (name, _) in enumerate(fields) if not _plain(hints[name]))
    return msgspec.defstruct(struct.__name__, fields, frozen=True, gc=False), nested


def _plain(hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return True
    return hint in _PLAIN or (get_origin(hint) in _EITHER and all(map(_plain, get_args(hint))))


def escaped(encoded: bytes) -> bytes:
    """JSON without Unicode's own line ends: some readers cut lines there."""
    if not encoded.isascii():
        for end, escaped in _LINE_ENDS.items():
            encoded = encoded.replace(end.encode(), escaped)
    return encoded


def fault_text(fault: Fault, view: View) -> str:
    """The sentence, and the next step below it."""
    lines = f"{paint('error:', 'red', view)} {clean.text(fault.message)}\n"
    if fault.hint:
        lines += f"  {paint('→', 'dim', view)} {clean.text(fault.hint)}\n"
    return lines


def refused(fault: Fault, view: View) -> Printed:
    """A request that failed: text on stderr, or one JSON line on stdout."""
    code = exits.of_fault(fault)
    if view.json:
        return Printed(stdout=json_line({"error": fault}), code=code)
    return Printed(stderr=fault_text(fault, view).encode(), code=code)


class Answer:
    """A call that gives one answer: JSON as it is, or the text that `show` makes of it."""

    def __init__(
        self, view: View, show: Callable[[Any, View], str], code: Callable[[Any], int] = lambda _answer: 0
    ) -> None:
        self._view = view
        self._show = show
        self._code = code

    def event(self, value: Any) -> Printed | None:
        return None

    def result(self, value: Any) -> Printed:
        out = json_line(stable(value)) if self._view.json else self._show(value, self._view).encode()
        return Printed(stdout=out, code=self._code(value))

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)
