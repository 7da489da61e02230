"""Opening the one database file: private, local, ours, in WAL mode, and at the schema this version writes."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from muxwire.faults import CONFIG, STORAGE, FaultError, refuse

from modelmuxd.store.filesystem import refuse_network_folder
from modelmuxd.store.interface import Stale, StoreFull
from modelmuxd.store.migrations import SCHEMA, check_version, migrate, read_steps

OLDEST = (3, 37, 0)
"""STRICT tables came with it (sqlite.org/stricttables.html)."""

BUSY_S = 5.0
"""How long to wait for somebody else's lock: only a second daemon or a person with a shell can hold one."""

READER_BUSY_S = 0.1


def open_database(path: Path, *, schema: Path = SCHEMA) -> sqlite3.Connection:
    """The writing connection, migrated to the last step in `schema`; may be used from any one thread at a time.

    Raises FaultError: CONFIG (the daemon exits with 78) for a network file system, a newer schema, a file that is not
    ours or a SQLite that is too old; STORAGE for a file that cannot be opened or is damaged.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        raise refuse(CONFIG, f"SQLite {sqlite3.sqlite_version} is too old.", "Use a Python with SQLite 3.37 or later.")
    refuse_network_folder(path.parent)
    try:
        _make_private(path)
        db = connect(path)
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from error
    try:
        steps = read_steps(schema)
        version = check_version(db, path, newest=len(steps))
        _set_pragmas(db, path)
        migrate(db, path, version, steps)
        db.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        db.close()
        raise unusable(path, error) from error
    except BaseException:
        db.close()
        raise
    return db


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, for a database that is open already. It hardly waits for a lock: in WAL mode
    readers need none, but while a log is recovered, and this one may stand on the event loop."""
    db = connect(path, busy_s=READER_BUSY_S)
    db.execute("PRAGMA query_only = ON")
    return db


def connect(path: Path, *, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """A bare connection without implicit transactions, so that every BEGIN and COMMIT is written out."""
    return sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)


def next_epoch(db: sqlite3.Connection) -> int:
    """Begin a new incarnation: from here on nothing is taken from an earlier one."""
    return int(db.execute("UPDATE meta SET value = value + 1 WHERE key = 'epoch' RETURNING value").fetchall()[0][0])


def current_epoch(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0])


def failure_of(error: Exception) -> Exception:
    """What a caller is told: SQLite's errors become StoreFull or a STORAGE fault, all others stay what they are."""
    if isinstance(error, StoreFull):
        return StoreFull(*error.args)
    if isinstance(error, Stale):
        return Stale(*error.args)
    if not isinstance(error, sqlite3.Error):
        return error
    if "database or disk is full" in str(error):  # sqlite_errorcode came with Python 3.11
        return StoreFull("The disk is full: nothing of this was kept.")
    return refuse(STORAGE, f"The database could not do this: {error}.", "See the daemon's log: muxctl logs --daemon.")


def _make_private(path: Path) -> None:
    """0600 before SQLite sees it: the -wal and -shm files take their mode from it."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _set_pragmas(db: sqlite3.Connection, path: Path) -> None:
    mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise refuse(CONFIG, f"SQLite cannot keep a write-ahead log beside {path} ({mode}).", "Use a local disk.")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA wal_autocheckpoint = 0")  # the writer checkpoints when nobody waits for it
    db.execute("PRAGMA secure_delete = FAST")  # builds differ; this one costs no writes of its own
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA temp_store = MEMORY")


def unusable(path: Path, error: Exception) -> FaultError:
    return refuse(
        STORAGE,
        f"The database {path} cannot be used: {error}.",
        "Check the folder's permissions and free space; a backup may lie beside the file.",
    )
