"""The answers of the last probes on disk, so that a daemon that has just started answers from them.

Only a cache: what cannot be read is as good as absent, and what cannot be written is probed again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec
from muxwire.files import Unreadable, read_bounded

from modelmuxd.engine.located import Entry

MAX_BYTES = 4 << 20


class _File(msgspec.Struct):
    version: str
    entries: dict[str, Entry]


def read_cache(path: str, version: str) -> dict[str, Entry]:
    """What this version wrote, in the order of last use."""
    with suppress(Unreadable, msgspec.DecodeError, RecursionError):
        file = msgspec.json.decode(read_bounded(path, MAX_BYTES) or b"{}", type=_File)
        if file.version == version:
            return file.entries
    return {}


def write_cache(path: str, version: str, entries: dict[str, Entry]) -> None:
    """Replace the file as a whole; mode 0600. A full disk or a lost folder leaves the old one or none."""
    target, fresh = Path(path), Path(f"{path}.new")
    with suppress(OSError):
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(_File(version, entries)))
        fresh.replace(target)
