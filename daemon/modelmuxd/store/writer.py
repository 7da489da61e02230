"""The one writer: whatever queued up while the last batch was flushed is committed together, with one fsync.

A job is answered after COMMIT. Jobs that are not urgent (progress) promise nothing about power loss, and a batch of
nothing else is committed without an fsync; the next durable batch carries it along, since the log is one file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from modelmuxd.store.database import failure_of
from modelmuxd.store.lane import Job, Lane

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
        self._checkpointed = db.total_changes
        self._lane = Lane("store-writer", self._commit, tidy=self._checkpoint, finish=db.close)

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
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        for job in jobs:
            job.error = failure_of(error)

    def _be_durable(self, durable: bool) -> None:
        """With FULL a COMMIT waits until the log is flushed, with NORMAL it does not. Not inside a transaction."""
        if durable != self._durable:
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable

    def _checkpoint(self) -> None:
        """Copy the log into the database, after the answers have left: its flushes are on nobody's path.

        The write that follows begins the log anew and takes the flush of its header, for the same reason.
        """
        if self._db.total_changes - self._checkpointed < CHECKPOINT_ROWS:
            return
        self._checkpointed = self._db.total_changes
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._be_durable(False)
            self._db.execute("UPDATE meta SET value = value WHERE key = 'epoch'")
        except sqlite3.Error:  # a full disk: the log keeps everything, and the next round tries again
            return
