"""One daemon per state folder: the lock that it holds for life.

The lock is taken before anything else is touched: before the database is opened, before an old socket is replaced.
It ends with the process, however that ends. The pid in the file is for people; nobody decides by it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from muxwire.locks import try_lock, unlock

PATIENCE = 2.0
"""Seconds to wait for a predecessor that is just ending: it unpublishes its socket before it lets go of the lock."""


class Busy(Exception):
    """Another daemon holds the state folder. The process should end with exit code 75."""


class Claim:
    """The right to be the daemon. Lives until `release` or the end of the process."""

    def __init__(self, path: str, fd: int) -> None:
        self.path = path
        self._fd: int | None = fd

    def __repr__(self) -> str:
        return f"<Claim {self.path} [{'held' if self._fd is not None else 'released'}]>"

    def release(self) -> None:
        """Let the next daemon in. Idempotent; the file stays."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.ftruncate(fd, 0)
            unlock(fd)


def claim(path: str, *, patience: float = PATIENCE) -> Claim:
    """Take the lock, trying for `patience` seconds. Blocks: call it before the event loop runs. Raises Busy."""
    deadline = time.monotonic() + patience
    while (fd := try_lock(path)) is None:
        if time.monotonic() >= deadline:
            raise Busy(f"another daemon{_holder(path)} holds {path}")
        time.sleep(0.02)
    os.ftruncate(fd, 0)
    os.pwrite(fd, b"%d\n" % os.getpid(), 0)
    return Claim(path, fd)


def _holder(path: str) -> str:
    try:
        pid = Path(path).read_bytes().strip().decode("ascii", "replace")
    except OSError:
        return ""
    return f" (pid {pid})" if pid.isdigit() else ""
