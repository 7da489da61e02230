"""The one writer: whatever queued up while the last batch was flushed is committed together, with one fsync.

A job is answered after COMMIT. Jobs that are not urgent (progress) promise nothing about power loss, and a batch of
nothing else is committed without an fsync; the next durable batch carries it along, since the log is one file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from modelmuxd.store.database import failure_of
from modelmuxd.store.lane import Job, Lane
from modelmuxd.store.reserve import has_room, make_room

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

CHECKPOINT_ROWS = 500
"""Rows written before the log is copied into the database: about a thousand pages, SQLite's own measure."""


class Writer:
    """Owns `db` from now on. `fence` runs first in every transaction and raises to refuse all of it."""

    def __init__(self, db: sqlite3.Connection, fence: Callable[[sqlite3.Connection], None]) -> None:
        self._db = db
        self._fence = fence
        self._durable = True
        self._tidy_at = 0
        """Rows this connection has written when it is time to tidy again; 0 is now."""
        self._lane = Lane("store-writer", self._commit, tidy=self._tidy, finish=db.close)

    async def write(self, work: Work[T], *, durable: bool = True) -> T:
        """Do `work` in a transaction. It may hold the work of others, but stands and falls by itself.

        Raises what `work` raises; StoreFull when the disk is full; a STORAGE fault for other errors of SQLite.
        """
        return await self._lane.call(work, urgent=durable)

    async def aclose(self) -> None:
        """Commit what was handed over, close the connection, end the thread."""
        await self._lane.aclose()

    def _commit(self, jobs: list[Job[Any]]) -> None:
        try:
            self._be_durable(any(job.urgent for job in jobs))
            self._db.execute("BEGIN IMMEDIATE")
            self._fence(self._db)
            if len(jobs) == 1:
                jobs[0].result = jobs[0].work(self._db)
            else:
                for job in jobs:
                    self._perform(job)
            self._db.execute("COMMIT")
        except Exception as error:
            self._abandon(jobs, error)

    def _perform(self, job: Job[Any]) -> None:
        """One job under a savepoint of its own, so that one that fails does not hurt the others."""
        self._db.execute("SAVEPOINT job")
        try:
            job.result = job.work(self._db)
        except Exception as error:
            if not self._db.in_transaction:  # SQLITE_FULL and its like take the whole transaction with them
                raise
            self._db.execute("ROLLBACK TO job")
            job.error = failure_of(error)
        self._db.execute("RELEASE job")

    def _abandon(self, jobs: list[Job[Any]], error: Exception) -> None:
        """Nothing of this batch was kept: everybody in it is told so, each by an exception of his own."""
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        for job in jobs:
            job.error = failure_of(error)
        self._tidy_at = min(self._tidy_at, self._db.total_changes)

    def _be_durable(self, durable: bool) -> None:
        """With FULL a COMMIT waits until the log is flushed, with NORMAL it does not. Not inside a transaction."""
        if durable != self._durable:
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable

    def _tidy(self) -> None:
        """Between batches, after the answers have left: what it flushes is on nobody's path.

        At first, and when enough was written or did not fit, it copies the log into the database and sees to the room
        that is kept. Then it makes the write that begins the log anew, since that one flushes the log's header.
        """
        if self._db.total_changes < self._tidy_at:
            return
        with suppress(sqlite3.Error, OSError):  # a full disk: the log keeps everything, the next round tries again
            self._be_durable(False)
            self._checkpoint()
            if not self._tidy_at or not has_room(self._db):
                make_room(self._db)
                self._checkpoint()  # the room is in the database, and before the log's next write, not behind it
            self._db.execute("UPDATE meta SET value = value WHERE key = 'epoch'")
        self._tidy_at = self._db.total_changes + CHECKPOINT_ROWS

    def _checkpoint(self) -> None:
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
