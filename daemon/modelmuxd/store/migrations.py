"""Numbered steps from one shape of the database to the next; `PRAGMA user_version` says how many were taken."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from muxwire.faults import CONFIG, STORAGE, refuse

SCHEMA = Path(__file__).with_name("schema")

APPLICATION_ID = 0x6D6D7578
"""`mmux` in the file's header: tells our databases from anybody else's (sqlite.org/fileformat.html, 1.3.17)."""


def read_steps(folder: Path = SCHEMA) -> list[str]:
    """The steps in order: `0001_start.sql`, `0002_….sql` …"""
    return [file.read_text("utf-8") for file in sorted(folder.glob("[0-9]*.sql"))]


def check_version(db: sqlite3.Connection, path: Path, *, newest: int) -> int:
    """How many steps the file has taken. Raises FaultError(CONFIG) when a newer version wrote it or it is not ours."""
    version, owner = _pragma(db, "user_version"), _pragma(db, "application_id")
    if version > newest:
        raise refuse(
            CONFIG,
            f"{path} was written by a newer modelmux (schema {version}; this one knows {newest}).",
            "Start the newer version, or restore the backup that it left beside the file.",
        )
    fresh = not version and not owner and not _pragma(db, "schema_version")
    if owner != APPLICATION_ID and not fresh:
        raise refuse(CONFIG, f"{path} is not a modelmux database.", "Move it away, or set MODELMUX_HOME.")
    return version


def migrate(db: sqlite3.Connection, path: Path, version: int, steps: Sequence[str]) -> None:
    """Take the steps after `version`, each in a transaction of its own, after a backup beside the file.

    Raises FaultError(STORAGE) for a damaged file, before it is touched.
    """
    if version and version < len(steps):
        _refuse_damaged(db, path)
        back_up(db, backup_path(path, version))
    for number, step in enumerate(steps[version:], version + 1):
        _take(db, number, step)


def outstanding(path: Path) -> int:
    """Bytes of a file that is copied and brought to a newer schema when it is opened next; 0 for any other."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            return path.stat().st_size if 0 < _pragma(db, "user_version") < len(read_steps()) else 0
    except (OSError, sqlite3.Error):
        return 0


def backup_path(path: Path, version: int) -> Path:
    """Where the file goes as it was before it left `version`. The last such backup is kept for each version."""
    return path.with_name(f"{path.name}.v{version}-backup")


def back_up(db: sqlite3.Connection, to: Path) -> None:
    """A whole, private and durable copy of `db`; appears at `to` in one piece."""
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    copy = sqlite3.connect(part, isolation_level=None)
    try:
        db.backup(copy)
    finally:
        copy.close()
    _flush(part)
    part.replace(to)
    _flush(to.parent)


def integrity(db: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong; empty for a sound file. Reads the whole file: seconds on a large one."""
    return [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])


def _refuse_damaged(db: sqlite3.Connection, path: Path) -> None:
    if found := integrity(db):
        raise refuse(
            STORAGE,
            f"{path} is damaged and was not migrated: {found[0]}",
            "Restore a backup from beside the file, or move it away to start afresh.",
        )


def _take(db: sqlite3.Connection, number: int, step: str) -> None:
    try:
        db.executescript(f"BEGIN IMMEDIATE;\n{step}")
        if db.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.IntegrityError(f"step {number} leaves rows that refer to nothing")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _flush(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():  # not run on Windows: there a folder cannot be opened, nor flushed
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
