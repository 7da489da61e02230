"""Edits of a TOML text that touch nothing but one table: whatever else is there stays as it is.

They know TOML by its lines only: whoever edits reads the result again and compares.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)


def parse(text: str) -> Any:
    """Raises ValueError."""
    return tomllib.loads(text)


def put(text: str, path: Sequence[str], value: dict[str, Any]) -> str:
    """With that table, in the place of one that was there, else at the end."""
    written = f"[{'.'.join(path)}]\n" + "".join(f"{key} = {_written(one)}\n" for key, one in value.items())
    span = _span(text, path)
    if span is None:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}{written}"
    rest = text[span[1] :]
    return text[: span[0]] + written + ("\n" if rest else "") + rest


def add(text: str, table: str, key: str, value: Any) -> str:
    """With that key as the first of a table, which is put at the end where there is none."""
    header = re.search(rf"^[ \t]*\[[ \t]*{re.escape(table)}[ \t]*\][^\n]*(?:\n|\Z)", text, re.MULTILINE)
    if header is None:
        return put(text, (table,), {key: value})
    head = text[: header.end()]
    return f"{head}{'' if head.endswith(chr(10)) else chr(10)}{key} = {_written(value)}\n{text[header.end() :]}"


def drop(text: str, path: Sequence[str]) -> str:
    """Without that table and those below it; the same text where there is none."""
    span = _span(text, path)
    if span is None:
        return text
    head, rest = text[: span[0]], text[span[1] :]
    return head + rest if rest else head.rstrip("\n") + "\n" if head.strip() else ""


def _span(text: str, path: Sequence[str]) -> tuple[int, int] | None:
    """From its header to the next that is not below it."""
    keys = r"[ \t]*\.[ \t]*".join(rf"(?:{re.escape(key)}|\"{re.escape(key)}\"|'{re.escape(key)}')" for key in path)
    ours = re.compile(rf"[ \t]*\[[ \t]*{keys}[ \t]*(?:\.[^\]\n]*)?\]")
    start = None
    for header in _HEADER.finditer(text):
        if ours.match(text, header.start()):
            start = header.start() if start is None else start
        elif start is not None:
            return start, header.start()
    return None if start is None else (start, len(text))


def _written(value: Any) -> str:
    """Texts, numbers, lists and flat tables; JSON writes them as TOML does, but for tables."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_written(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
