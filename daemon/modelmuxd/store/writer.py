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
from modelmuxd.store.interface import StoreFull
from modelmuxd.store.lane import Job, Lane
from modelmuxd.store.reserve import has_room, make_room

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

CHECKPOINT_ROWS = 500
"""Rows written before the log is copied into the database: about a thousand pages, SQLite's own measure."""

OVERDUE_ROWS = 4 * CHECKPOINT_ROWS
"""Rows after which this does not wait for a quiet moment any more."""


class Writer:
    """Owns `db` from now on. `fence` runs first in every transaction and raises to refuse all of it. `behind` is done
    in quiet moments, a piece in each transaction, and says whether it has more to do."""

    def __init__(
        self,
        db: sqlite3.Connection,
        fence: Callable[[sqlite3.Connection], None],
        behind: Callable[[sqlite3.Connection], bool] | None = None,
    ) -> None:
        self._db = db
        self._fence = fence
        self._behind = behind
        self._owed = behind is not None
        """Whether there may be something to do behind the commits."""
        self._durable = True
        self._first = True
        self._full = False
        """Something did not fit since the log was last written back."""
        self._tidied = db.total_changes
        """Rows this connection had written when it last tidied."""
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
        self._owed = self._behind is not None
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
            self._full |= isinstance(job.error, StoreFull)

    def _be_durable(self, durable: bool) -> None:
        """With FULL a COMMIT waits until the log is flushed, with NORMAL it does not. Not inside a transaction."""
        if durable != self._durable:
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._durable = durable

    def _tidy(self, *, quiet: bool) -> bool:
        """When it is due and nobody waits, or can wait no longer: copy the log into the database and see to the room
        that is kept for a full disk. The write that comes last begins the log anew, and flushes its header."""
        if quiet and self._owed:
            self._catch_up()
        rows = self._db.total_changes - self._tidied
        due = self._first or self._full or rows >= CHECKPOINT_ROWS
        if not due or not (quiet or self._full or rows >= OVERDUE_ROWS):
            return due or self._owed
        with suppress(sqlite3.Error, OSError):  # a full disk: the log keeps everything, the next round tries again
            self._be_durable(False)
            self._checkpoint()
            if self._first or not has_room(self._db):
                make_room(self._db)
                self._checkpoint()  # the room is in the database, and before the log's next write, not behind it
            self._db.execute("UPDATE meta SET value = value WHERE key = 'epoch'")
        self._first = self._full = False
        self._tidied = self._db.total_changes
        return self._owed

    def _catch_up(self) -> None:
        """A piece of what may be done behind. What fails (a full disk, a successor) waits for the next write."""
        assert self._behind is not None
        try:
            self._be_durable(False)
            self._db.execute("BEGIN IMMEDIATE")
            self._fence(self._db)
            self._owed = self._behind(self._db)
            self._db.execute("COMMIT")
        except Exception:
            self._owed = False
            with suppress(sqlite3.Error):
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def _checkpoint(self) -> None:
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
