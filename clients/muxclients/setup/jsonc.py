"""Edits of JSON with comments that touch nothing but one member: comments, order and foreign keys stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

_BLANKED = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)
_COMMA = re.compile(r"\s*,")
_BLANK = re.compile(r"[ \t]*\r?\n")
_NOTE = re.compile(r"[ \t]*(?://[^\n]*|/\*[^\n]*?\*/[ \t]*)(?=\n)")
"""A comment behind a member, on its line."""
_SPACE = re.compile(r"[ \t\r\n]*")
_decode = json.JSONDecoder().raw_decode


class Member(NamedTuple):
    """Where it stands: its key, its value, and the end of that."""

    key: str
    start: int
    value: int
    end: int


def parse(text: str) -> Any:
    """The value; an empty file is an empty object. Raises ValueError."""
    return json.loads(_plain(text)) if text.strip() else {}


def put(text: str, path: Sequence[str], value: Any) -> str:
    """With that member, in the place of one that was there. Raises ValueError where the text is no object."""
    text = text if text.strip() else "{}\n"
    plain = _plain(text)
    at, rest = _reach(plain, path)
    unit = _unit(plain)
    if not rest:
        member = _find(plain, at, path[-1])
        assert member is not None
        depth = _indent(text, member.start)
        return text[: member.value] + _written(value, unit, depth) + text[member.end :]
    for key in reversed(rest[1:]):
        value = {key: value}
    return _add(text, plain, at, rest[0], value, unit)


def drop(text: str, path: Sequence[str]) -> str:
    """Without that member; the same text where there is none. Comments beside it stay."""
    if not text.strip():
        return text
    plain = _plain(text)
    at, rest = _reach(plain, path)
    member = None if rest else _find(plain, at, path[-1])
    if member is None:
        return text
    before = [one.end for one in _members(plain, at) if one.end < member.start]
    comma = _COMMA.match(text, member.end)
    start, end = _lines(text, member.start, comma.end() if comma else member.end)
    if comma or not before:
        return text[:start] + text[end:]
    single = plain.index(",", before[-1])
    return text[:single] + text[single + 1 : start].rstrip(" ") + text[end:]


def _lines(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole lines, where nothing else stands on them."""
    first = _line_start(text, start)
    last = _BLANK.match(text, end)
    return (first, last.end()) if last and not text[first:start].strip() else (start, end)


def _plain(text: str) -> str:
    """The same text, as long as it is, with blanks for comments and for commas before an end. Raises ValueError where
    that is no JSON."""
    plain = _BLANKED.sub(lambda found: found[0] if found[0][0] == '"' else re.sub(r"[^\n]", " ", found[0]), text)
    json.loads(plain)
    return plain


def _reach(plain: str, path: Sequence[str]) -> tuple[int, Sequence[str]]:
    """Where the innermost object begins that is there, and the keys that are not."""
    at = _SPACE.match(plain).end()  # type: ignore[union-attr]
    if plain[at : at + 1] != "{":
        raise ValueError("it is no object")
    for index, key in enumerate(path):
        member = _find(plain, at, key)
        if member is None:
            return at, path[index:]
        if index < len(path) - 1:
            at = member.value
            if plain[at] != "{":
                raise ValueError(f"{key!r} is no object")
    return at, ()


def _find(plain: str, at: int, key: str) -> Member | None:
    """The last of that name, as parsers take it."""
    return next((member for member in reversed(list(_members(plain, at))) if member.key == key), None)


def _members(plain: str, at: int) -> Iterator[Member]:
    at += 1
    while True:
        at = _SPACE.match(plain, at).end()  # type: ignore[union-attr]
        if plain[at] == "}":
            return
        if plain[at] == ",":
            at += 1
            continue
        key, end = _decode(plain, at)
        value = _SPACE.match(plain, plain.index(":", end) + 1).end()  # type: ignore[union-attr]
        _, ends = _decode(plain, value)
        yield Member(key, at, value, ends)
        at = ends


def _add(text: str, plain: str, at: int, key: str, value: Any, unit: str) -> str:
    members = list(_members(plain, at))
    outer = _indent(text, at)
    if not members:
        written = f"{outer}{unit}{json.dumps(key)}: {_written(value, unit, outer + unit)}\n{outer}"
        kept = text[at + 1 : plain.index("}", at)].rstrip()  # comments
        return text[: at + 1] + kept + "\n" + written + text[plain.index("}", at) :]
    last = members[-1]
    inner = _indent(text, last.start)
    trailing = _COMMA.match(text, last.end)
    end = trailing.end() if trailing else last.end
    note = _NOTE.match(text, end)
    kept = text[end : note.end()] if note else ""
    written = f",{kept}\n{inner}{json.dumps(key)}: {_written(value, unit, inner)}{',' if trailing else ''}"
    return text[: last.end] + written + text[end + len(kept) :]


def _written(value: Any, unit: str, indent: str) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", f"\n{indent}")


def _unit(plain: str) -> str:
    found = re.search(r"\{\s*?\n([ \t]+)\"", plain)
    return found[1] if found else "  "


def _indent(text: str, at: int) -> str:
    line = text[_line_start(text, at) : at]
    return line[: len(line) - len(line.lstrip())]


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1
