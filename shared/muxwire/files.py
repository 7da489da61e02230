"""Reading a small file that somebody else wrote: bounded, never blocking, never following into a device."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class Unreadable(Exception):
    """The file is there and cannot be used; the message completes `PATH …`, such as `is a folder`."""


def read_bounded(path: str, limit: int) -> bytes | None:
    """The bytes of a regular file, at most `limit`; None when there is no such file.

    Raises Unreadable for a folder, pipe, socket or device in its place, a file over the limit, or one we may not read.
    """
    try:
        if (kind := _kind(Path(path).stat())) is not None:
            raise Unreadable(f"is a {kind}, not a file")
        # O_NONBLOCK: a pipe put there since the stat must not hold us for ever
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise Unreadable(f"cannot be read: {_words(error)}") from None
    with os.fdopen(handle, "rb") as file:
        try:
            if (kind := _kind(os.fstat(handle))) is not None:
                raise Unreadable(f"is a {kind}, not a file")
            data = file.read(limit + 1)
        except OSError as error:
            raise Unreadable(f"cannot be read: {_words(error)}") from None
    if len(data) > limit:
        raise Unreadable(f"is larger than {limit // 1024} KiB, more than such a file may have")
    return data


def _kind(found: os.stat_result) -> str | None:
    """What stands there when it is not a regular file."""
    kinds = {
        stat.S_IFREG: None,
        stat.S_IFDIR: "folder",
        stat.S_IFIFO: "pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFCHR: "device",
        stat.S_IFBLK: "device",
    }
    return kinds.get(stat.S_IFMT(found.st_mode), "special file")


def _words(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
