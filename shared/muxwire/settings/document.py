"""One profiles.toml as text: bytes to a tree and the line of everything in it, or a fault that says where it fails."""

from __future__ import annotations

import re
import sys
from typing import Any, Literal

import msgspec

from muxwire.faults import Fault
from muxwire.settings.lines import TooDeep, key_lines
from muxwire.settings.path import Origin, Path, fault

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 256 * 1024
"""A larger file is refused: a hostile project must not keep the daemon busy reading."""

_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class Document(msgspec.Struct, frozen=True):
    """What one source says, unchecked."""

    data: dict[str, Any]
    origins: dict[Path, Origin]
    kind: Literal["environment", "user", "project"]
    where: str
    """The file."""


def parse(raw: bytes, kind: Literal["user", "project"], where: str) -> Document | Fault:
    """The tree in a TOML file of at most MAX_BYTES. A UTF-8 byte order mark and CRLF are accepted. Never raises."""
    text = _decode(raw, Origin(kind, where))
    if isinstance(text, Fault):
        return text
    try:
        lines = key_lines(text)
        data = tomllib.loads(text)
    except TooDeep as error:
        return fault(Origin(kind, where, error.line), f"{error}.", "Write it flatter.")
    except tomllib.TOMLDecodeError as error:
        return _syntax(text, Origin(kind, where), str(error))
    except (RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        return fault(Origin(kind, where), f"this is not TOML that can be read: {error}.", "Correct the file.")
    return Document(data, {path: Origin(kind, where, line) for path, line in lines.items()}, kind, where)


def _decode(raw: bytes, origin: Origin) -> str | Fault:
    if (coding := _BOMS.get(raw[:2])) is not None:
        return fault(origin, f"the file is {coding}.", "Save it as UTF-8.")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return fault(Origin(origin.kind, origin.where, line), "the file is not UTF-8.", "Save it as UTF-8.")


def _syntax(text: str, origin: Origin, message: str) -> Fault:
    """tomllib's own sentence, with the place in front as editors understand it: file:line:column."""
    found = _WHERE.search(message)
    words = message[: found.start()] if found else message
    if found and found[1]:
        line, column = int(found[1]), int(found[2])
    else:
        line, column = text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1
    return Fault("config", f"{origin.where}:{line}:{column}: {words}.", "Correct the TOML there.")
