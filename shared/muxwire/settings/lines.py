"""On which line each key of a TOML text stands: tomllib says what is written, not where.

The scanner runs *before* tomllib, whose time grows with the square of a dotted key's length (120 kB of one kept it busy
for 97 s): keys and values deeper than MAX_DEPTH are refused here. It is lenient about everything else and stops at the
first thing that it cannot read; tomllib then says what is wrong there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from contextlib import suppress

from muxwire.settings.path import Path

MAX_DEPTH = 16
"""Parts of a key, and tables and lists inside each other. Our own deepest key has seven parts."""

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_PARTS = re.compile(_PART)
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'  # up to two quotes may stand before the closing three
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^\s,\[\]{}#\"'=][^,\[\]{}#\n]*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class TooDeep(ValueError):
    def __init__(self, line: int) -> None:
        super().__init__(f"more than {MAX_DEPTH} keys or lists inside each other")
        self.line = line


def key_lines(text: str) -> dict[Path, int]:
    """The line, from 1, of each key, table header and list item. Newlines must be plain ones.

    Of a text that is not TOML: of what stands before the mistake. Raises TooDeep.
    """
    scanner = _Scanner(text)
    with suppress(_Lost):
        scanner.document()
    return scanner.lines


class _Lost(Exception):
    """This is not TOML."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self._items: dict[Path, int] = {}
        """Of each list of tables: the index of its last item."""

    def document(self) -> None:
        table: Path = ()
        while self._skip(_BLANK) < len(self.text):
            if self._peek("["):
                table = self._header()
            else:
                self._pair(table, 0)

    def _header(self) -> Path:
        line = self._line()
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        path = self._resolve(self._key(), double)
        self._take("]]" if double else "]")
        for end in range(1, len(path) + 1):
            self._note(path[:end], line)
        return path

    def _resolve(self, key: Path, double: bool) -> Path:
        """The header's path with the index of each list of tables that it passes through."""
        path: Path = ()
        for place, part in enumerate(key):
            path = (*path, part)
            if double and place == len(key) - 1:
                self._items[path] = self._items.get(path, -1) + 1
            if path in self._items:
                path = (*path, self._items[path])
        return path

    def _pair(self, table: Path, depth: int) -> None:
        line = self._line()
        key = self._key()
        for end in range(1, len(key) + 1):
            self._note((*table, *key[:end]), line)
        self._take("=")
        self._value((*table, *key), depth)

    def _key(self) -> Path:
        self._skip(_SPACE)
        line, found = self._line(), self._match(_KEY)
        parts = _PARTS.findall(found)
        if len(parts) > MAX_DEPTH:
            raise TooDeep(line)
        self._skip(_SPACE)
        return tuple(_unquote(part) for part in parts)

    def _value(self, path: Path, depth: int) -> None:
        self._skip(_SPACE)
        if depth > MAX_DEPTH:
            raise TooDeep(self._line())
        if self._peek("["):
            self._list(path, depth + 1)
        elif self._peek("{"):
            self._inline(path, depth + 1)
        else:
            self._match(_TEXT if self._peek('"') or self._peek("'") else _PLAIN)

    def _list(self, path: Path, depth: int) -> None:
        self.at += 1
        index = 0
        while self._skip(_BLANK) < len(self.text) and not self._peek("]"):
            self._note((*path, index), self._line())
            self._value((*path, index), depth)
            index += 1
            self._separator("]")
        self._take("]")

    def _inline(self, path: Path, depth: int) -> None:
        self.at += 1
        while self._skip(_BLANK) < len(self.text) and not self._peek("}"):
            self._pair(path, depth)
            self._separator("}")
        self._take("}")

    def _separator(self, closing: str) -> None:
        self._skip(_BLANK)
        if not self._peek(closing):
            self._take(",")

    def _note(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)

    def _line(self) -> int:
        return bisect_right(self._breaks, self.at - 1) + 1

    def _peek(self, text: str) -> bool:
        return self.text.startswith(text, self.at)

    def _take(self, text: str) -> None:
        if not self._peek(text):
            raise _Lost
        self.at += len(text)

    def _match(self, pattern: re.Pattern[str]) -> str:
        if (found := pattern.match(self.text, self.at)) is None:
            raise _Lost
        self.at = found.end()
        return found.group()

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at


def _unquote(part: str) -> str:
    if part.startswith("'"):
        return part[1:-1]
    return _ESCAPE.sub(_unescape, part[1:-1]) if part.startswith('"') else part


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "uU":
        number = int(code[1:], 16)
        return chr(number) if number <= 0x10FFFF else ""
    return _ESCAPED.get(code, code)
