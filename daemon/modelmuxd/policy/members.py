"""The members of a JSON object with the place of each name and value, which Python's reader does not tell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import msgspec

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class Member(msgspec.Struct, frozen=True):
    name: str
    at: int
    """Index of the name in the text."""
    value: object
    value_at: int
    items_at: tuple[int, ...] = ()
    """Where the items of a list stand."""


def members(text: str) -> Iterator[Member]:
    """In order, doubled names too. `text` must be valid JSON, an object."""
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, end = _DECODER.raw_decode(text, at)
        value_at = _skip(text, _skip(text, end) + 1)
        value, end = _DECODER.raw_decode(text, value_at)
        items_at = tuple(_items(text, value_at)) if isinstance(value, list) else ()
        yield Member(name, at, value, value_at, items_at)
        at = _next(text, end)


def _items(text: str, at: int) -> Iterator[int]:
    at = _skip(text, at + 1)
    while text[at] != "]":
        yield at
        at = _next(text, _DECODER.raw_decode(text, at)[1])


def _next(text: str, at: int) -> int:
    """Past the comma, where there is one."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
