"""The members of a JSON object with the place of each name and value, which Python's reader does not tell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class Member(msgspec.Struct, frozen=True):
    name: str
    at: int
    """Index of the name in the text."""
    value: Any
    value_at: int
    items: tuple[tuple[int, Any], ...] | None = None
    """Of a list: where each item stands, and the item."""


def members(text: str) -> Iterator[Member]:
    """In order, doubled names too. `text` must be valid JSON, an object."""
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, end = _DECODER.raw_decode(text, at)
        value_at = _skip(text, _skip(text, end) + 1)
        value, end = _DECODER.raw_decode(text, value_at)
        items = tuple(_items(text, value_at)) if text[value_at] == "[" else None
        yield Member(name, at, value, value_at, items)
        at = _next(text, end)


def _items(text: str, at: int) -> Iterator[tuple[int, Any]]:
    at = _skip(text, at + 1)
    while text[at] != "]":
        item, end = _DECODER.raw_decode(text, at)
        yield at, item
        at = _next(text, end)


def _next(text: str, at: int) -> int:
    """Past the comma, where there is one."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
