"""Looks at the disk and remembers what it saw, so that the same question need not be asked twice.

An answer holds as long as everything that was looked at still looks the same, absent files included: a program that
appears earlier on PATH, a login that is renewed, a package that is upgraded.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from muxwire.files import Unreadable, read_bounded

Sight = tuple[int, int, int, int] | None
"""inode, mtime in ns, size and mode of what a path leads to; None when it leads nowhere."""

READ_LIMIT = 1 << 20
"""Bytes of a credential file or package.json that are read at most."""


class Look:
    def __init__(self) -> None:
        self.seen: dict[str, Sight] = {}
        self.unreadable: dict[str, str] = {}
        """Files that are there and could not be read, with the reason."""

    def is_program(self, path: str) -> bool:
        """Whether it is a file that we may start."""
        sight = self._see(path)
        return sight is not None and stat.S_ISREG(sight[3]) and os.access(path, os.X_OK)

    def read(self, path: str) -> bytes | None:
        """The file's bytes; None when it is absent or cannot be read."""
        if self._see(path) is None:
            return None
        try:
            return read_bounded(path, READ_LIMIT)
        except Unreadable as error:
            self.unreadable[path] = str(error)
            return None

    def head(self, path: str, size: int = 256) -> bytes:
        """The first bytes of a program."""
        try:
            with Path(path).open("rb") as file:
                return file.read(size)
        except OSError:
            return b""

    def _see(self, path: str) -> Sight:
        self.seen[path] = sight(path)
        return self.seen[path]


def sight(path: str) -> Sight:
    try:
        found = os.stat(path)  # noqa: PTH116 - a hundred of them are looked at in each check
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode


def unchanged(seen: Mapping[str, Sight]) -> bool:
    """Whether all that was looked at still looks the same."""
    return all(sight(path) == before for path, before in seen.items())
