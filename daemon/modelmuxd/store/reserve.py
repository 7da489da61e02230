"""Room for what must still be written on a full disk: how the runs end that are under way.

A write needs room in the log, which keeps the length it once had, and pages in the database, where free ones are used
before the file grows. A block that is written and deleted again leaves both behind. On a disk that has hardly any room
left nothing is made: that would use up what was kept.
"""

from __future__ import annotations

import shutil
import sqlite3

PAGES = 256
"""1 MiB of pages, for the ends of some dozens of attempts with their events and short outputs."""

PLENTY = 4
"""How many times the room must be free on the disk."""


def make_room(db: sqlite3.Connection) -> None:
    """Lengthen the log and see to free pages, where there is plenty. Raises sqlite3.Error or OSError when it fails."""
    size = PAGES * _pragma(db, "page_size")
    file = db.execute("PRAGMA database_list").fetchone()[2]
    if shutil.disk_usage(file).free < PLENTY * size:
        return
    db.execute("INSERT INTO reserve (bytes) VALUES (zeroblob(?))", (size,))
    db.execute("DELETE FROM reserve")


def has_room(db: sqlite3.Connection) -> bool:
    """Whether a fair part of it is left; the log's length is not looked at."""
    return _pragma(db, "freelist_count") >= PAGES // 4


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
