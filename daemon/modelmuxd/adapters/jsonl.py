"""Lines of JSON out of bytes that come in any pieces, from a program that may print anything.

Lines end at the byte `\\n` and nowhere else: all three CLIs print raw U+2028, at which `str.splitlines` would cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from modelmuxd.adapters.redact import clip, redact
from modelmuxd.domain.events import Event, Notice

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line. An answer of 1.2 MB comes as one line; what is longer than this is dropped up to its end."""

MAX_STRANGE = 100
"""Notices of lines that are no JSON objects; a program that prints garbage for hours must not fill the store."""

JsonObject = dict[str, Any]

_LARGEST = 2**53
"""No count of tokens is larger; a larger number is nonsense, and would not fit the wire's integers."""


class LineSplitter:
    """Cuts bytes into lines. Holds one unfinished line of at most `limit` bytes and nothing else."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self.limit = limit
        self.overlong = False
        """Whether a line was longer than the limit, and therefore lost."""
        self._held = bytearray()
        self._dropping = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that these bytes complete, without their `\\n`."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._hold(data, start, end)
            yield from self._release()
            start = end + 1
        self._hold(data, start, len(data))

    def rest(self) -> bytes:
        """The line that never ended, as of a program that was killed while it wrote."""
        return b"" if self._dropping else bytes(self._held)

    def _hold(self, data: bytes, start: int, end: int) -> None:
        if self._dropping:
            return
        if len(self._held) + end - start > self.limit:
            self.overlong = self._dropping = True
            self._held.clear()
        else:
            self._held += memoryview(data)[start:end]

    def _release(self) -> Iterator[bytes]:
        dropped, self._dropping = self._dropping, False
        line, self._held = bytes(self._held), bytearray()
        if not dropped:
            yield line


class JsonlReader:
    """What the readers of line-wise CLIs share: bytes in, the events of each JSON object out."""

    def __init__(self) -> None:
        self.lines = LineSplitter()
        self._strange = 0
        self._told_overlong = False

    def feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        for line in self.lines.feed(data):
            events += self.read(line)
        if self.lines.overlong and not self._told_overlong:
            self._told_overlong = True
            events.append(Notice(f"A line of more than {self.lines.limit} bytes was dropped."))
        return events

    def read(self, line: bytes) -> list[Event]:
        """The events of one line."""
        if not line.strip():
            return []
        value = parse(line)
        if isinstance(value, dict):
            return list(self.on_object(value))
        self._strange += 1
        if self._strange > MAX_STRANGE:
            return []
        return [Notice(redact(clip(line.decode("utf-8", "replace"))))]

    def finish(self) -> None:
        """Read a last line that lacks its `\\n`, for what the verdict needs; called before judging."""
        self.read(self.lines.rest())

    def on_object(self, value: JsonObject) -> Iterable[Event]:
        """The events of one JSON object; must not raise whatever it holds."""
        raise NotImplementedError


def parse(line: bytes) -> object:
    """The JSON value of a line, or None; all strings in it can be encoded again.

    Bad UTF-8 and lone surrogates, which models do produce, become U+FFFD.
    """
    try:
        return msgspec.json.decode(line)
    except (ValueError, RecursionError):
        pass
    try:
        return _mend(json.loads(line.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return None


def _mend(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mend(item) for item in value]
    if isinstance(value, dict):
        return {_mend(key): _mend(item) for key, item in value.items()}
    return value


def text(value: JsonObject, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def table(value: JsonObject, key: str) -> JsonObject:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def rows(value: JsonObject, key: str) -> list[JsonObject]:
    """The objects in a list; anything else in it is passed over."""
    found = value.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def count(value: JsonObject, key: str) -> int:
    """A number of tokens; 0 for what is none."""
    found = value.get(key)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return 0
    return int(found) if 0 <= found < _LARGEST else 0


def numbers(value: JsonObject) -> JsonObject:
    """The plain numbers of an object: the record of what a provider counted."""
    return {
        key: found for key, found in value.items() if isinstance(found, (int, float)) and not isinstance(found, bool)
    }


def compact(value: JsonObject) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def first_line(value: str, limit: int = 120) -> str:
    """One short line for people."""
    line = value.strip().split("\n", 1)[0]
    return clip(redact(" ".join(line.split())), limit)
