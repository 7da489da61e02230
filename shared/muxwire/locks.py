"""Locks that end with their holder. An advisory lock on a file that stays; never a pid that must be believed.

The file is never removed: whoever removed it while another waits would leave two holders of one name.
On Windows the first byte is locked through msvcrt. UNVERIFIED: that branch was never run.
"""

from __future__ import annotations

import os
import sys


def try_lock(path: str) -> int | None:
    """Open `path` (0600, made when missing) and lock it without waiting.

    The descriptor to keep open as long as the lock is wanted, or None when another holds it. It is not inherited by
    programs we start. Raises OSError when the file cannot be opened.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if _lock(fd):
            return fd
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def unlock(fd: int) -> None:
    """Give the lock back."""
    os.close(fd)


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
