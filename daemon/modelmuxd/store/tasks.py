"""SqliteTaskStore: the TaskStore that this version ships. What each write does is in the module of its name."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from anyio import to_thread
from msgspec.structs import replace
from muxwire.events import RunEvent
from muxwire.faults import Fault
from muxwire.retention import Kept
from muxwire.words import FinalState, State, WaitReason

from modelmuxd.domain.account import Account, Cooldown, Pause
from modelmuxd.domain.audit import AuditEntry, AuditWanted
from modelmuxd.domain.bucket import Asked, Sum
from modelmuxd.domain.budget import Allowance, Purse, Repriced, Reserve, Spending
from modelmuxd.domain.knowledge import Knowledge, Signal
from modelmuxd.domain.past import Page, Wanted
from modelmuxd.domain.rating import Rating
from modelmuxd.domain.usage import Usage
from modelmuxd.domain.worktree import Worktree
from modelmuxd.store import (
    accounts,
    buckets,
    budgets,
    composites,
    ending,
    imports,
    lineage,
    lookup,
    repricing,
    retention,
    search,
)
from modelmuxd.store import audit as auditing
from modelmuxd.store import history as past_
from modelmuxd.store import knowledge as knowing
from modelmuxd.store import notices as noticing
from modelmuxd.store import ratings as rating_
from modelmuxd.store import settle as settling
from modelmuxd.store import tally as tallying
from modelmuxd.store.accept import accept
from modelmuxd.store.claim import adopt, start_attempt
from modelmuxd.store.database import current_epoch, next_epoch, open_database, unusable
from modelmuxd.store.interface import Stale
from modelmuxd.store.readers import Readers
from modelmuxd.store.records import Attempt, Claim, Claimed, Decided, Ending, Line, NewTask, Notice, Old, Settle, Task
from modelmuxd.store.writer import Writer

SEARCH_WAITS = 20
"""Pages that are put into the index before a search: all there is, unless years of work have just come."""


@asynccontextmanager
async def open_store(path: Path) -> AsyncGenerator[SqliteTaskStore]:
    """The store in the file at `path`, which is made when it is missing; a new incarnation begins.

    Raises FaultError: CONFIG when the file must not be used (exit 78), STORAGE when it cannot.
    """
    db, epoch = await to_thread.run_sync(_begin, path)
    writer = Writer(db, partial(_refuse_successor, epoch), search.catch_up)
    try:
        readers = Readers(path)
        try:
            yield SqliteTaskStore(writer, readers, epoch)
        finally:
            await readers.aclose()
    finally:
        await writer.aclose()


def _begin(path: Path) -> tuple[sqlite3.Connection, int]:
    db = open_database(path)
    try:
        return db, next_epoch(db)
    except sqlite3.Error as error:
        db.close()
        raise unusable(path, error) from error


def _refuse_successor(epoch: int, db: sqlite3.Connection) -> None:
    """Fences late writes: once a later incarnation has begun, this one writes nothing any more."""
    if (now := current_epoch(db)) != epoch:
        raise Stale(f"Incarnation {now} has taken over from {epoch}.")


class SqliteTaskStore:
    """Implements TaskStore; use `open_store`."""

    def __init__(self, writer: Writer, readers: Readers, epoch: int) -> None:
        self._write = writer.write
        self._readers = readers
        self._epoch = epoch

    @property
    def epoch(self) -> int:
        return self._epoch

    async def submit(
        self, task: NewTask, decisions: Sequence[Decided] = (), signals: Sequence[Signal] = ()
    ) -> tuple[Task, bool]:
        return await self._write(lambda db: accept(db, task, decisions, signals))

    async def claim(self, claim: Claim, now: float) -> Claimed:
        return await self._write(lambda db: start_attempt(db, claim, self._epoch, now))

    async def purses(self, reserves: Sequence[Reserve]) -> list[Purse]:
        return await self._readers.rows(lambda db: [budgets.purse(db, each) for each in reserves])

    async def ended_attempts(self, after: tuple[int, int], limit: int) -> list[tuple[tuple[int, int], Attempt]]:
        return await self._readers.rows(lambda db: lookup.ended_attempts(db, after, limit))

    async def reprice(self, anew: Sequence[Repriced], now: float) -> None:
        await self._write(lambda db: repricing.reprice(db, anew, now))

    async def accounts(self) -> list[Account]:
        return await self._readers.rows(accounts.every)

    async def cool_down(self, cooldown: Cooldown) -> None:
        await self._write(lambda db: accounts.cool_down(db, cooldown))

    async def clear(self, provider: str) -> int:
        return await self._write(lambda db: accounts.clear(db, provider))

    async def pause(self, provider: str, by: str, now: float) -> None:
        await self._write(lambda db: accounts.pause(db, provider, by, now))

    async def resume(self, provider: str) -> bool:
        return await self._write(lambda db: accounts.resume(db, provider))

    async def pauses(self) -> list[Pause]:
        return await self._readers.rows(accounts.pauses)

    async def answer(self, run_id: str, text: str, now: float) -> Task:
        return await self._write(lambda db: ending.answer(db, run_id, text, now))

    async def states(self, run_ids: Sequence[str]) -> dict[str, State]:
        return await self._readers.rows(lambda db: lineage.states(db, run_ids))

    async def descendants(self, run_id: str) -> list[str]:
        return await self._readers.rows(lambda db: lineage.descendants(db, run_id))

    async def spawned(self, parent: str, since: float) -> int:
        return await self._readers.rows(lambda db: lineage.spawned(db, parent, since))

    async def allowances(self, run_id: str) -> list[Allowance]:
        return await self._readers.rows(lambda db: lineage.allowances(db, run_id))

    async def started_since(self, at: float) -> int:
        return await self._readers.rows(lambda db: budgets.started_since(db, at))

    async def append(self, run_id: str, number: int, epoch: int, events: Sequence[RunEvent]) -> int:
        return await self._write(lambda db: settling.append(db, run_id, number, epoch, events), durable=False)

    async def settle(self, settle: Settle, now: float) -> Task:
        return await self._write(lambda db: settling.settle(db, settle, now))

    async def learn(self, signals: Sequence[Signal]) -> None:
        await self._write(lambda db: knowing.learn(db, signals))

    async def rate(self, rating: Rating) -> Rating | None:
        return await self._write(lambda db: rating_.rate(db, rating))

    async def ratings(self, limit: int) -> list[Rating]:
        return await self._readers.rows(lambda db: rating_.ratings(db, limit))

    async def knowledge(self) -> tuple[Knowledge, int]:
        return await self._readers.rows(knowing.knowledge)

    async def signals(self, since: int, limit: int) -> list[tuple[int, Signal]]:
        return await self._readers.rows(lambda db: knowing.signals(db, since, limit))

    async def keep_knowledge(self, knowledge: Knowledge, through: int) -> None:
        await self._write(lambda db: knowing.keep(db, knowledge, through), durable=False)

    async def replace_knowledge(self, knowledge: Knowledge) -> int:
        return await self._write(lambda db: knowing.replace(db, knowledge))

    async def wait_for(self, run_id: str, reason: WaitReason, text: str, not_before: float | None, now: float) -> Task:
        return await self._write(lambda db: ending.wait_for(db, run_id, reason, text, not_before, now))

    async def end(
        self, run_id: str, state: FinalState, fault: Fault | None, now: float, decisions: Sequence[Decided] = ()
    ) -> Task:
        return await self._write(lambda db: ending.end(db, run_id, state, fault, now, decisions))

    async def request_cancel(self, run_id: str, by: str, now: float) -> Task:
        return await self._write(lambda db: ending.request_cancel(db, run_id, by, now))

    async def adopt(self, run_id: str, number: int) -> Attempt:
        return await self._write(lambda db: adopt(db, run_id, number, self._epoch))

    async def decide(
        self, run_id: str, decisions: Sequence[Decided], now: float, signals: Sequence[Signal] = ()
    ) -> None:
        await self._write(lambda db: ending.decide(db, run_id, decisions, now, signals))

    async def keyed(self, kind: str, principal: str, key: str) -> Task | None:
        return self._readers.row(lambda db: lookup.keyed(db, kind, principal, key))

    async def find(self, prefix: str) -> Task:
        return self._readers.row(lambda db: lookup.find(db, prefix))

    async def unfinished(self) -> list[Task]:
        found: list[Task] = []
        last: int | None = 0
        while last is not None:
            page, last = await self._readers.rows(partial(lookup.unfinished_after, last=last))
            found += page
        return found

    async def recent(self, limit: int) -> list[Task]:
        return await self._readers.rows(lambda db: lookup.recent(db, limit))

    async def spent_since(self, at: float) -> Spending:
        return await self._readers.rows(lambda db: lookup.spent_since(db, at))

    async def history(self, wanted: Wanted) -> Page:
        await self._search(wanted)
        return await self._readers.rows(partial(past_.history, wanted=wanted))

    async def history_pages(self, wanted: Wanted) -> AsyncGenerator[Page]:
        await self._search(wanted)
        left = wanted.limit or past_.NO_LIMIT
        asked = min(past_.PAGE, left)
        ahead = self._readers.ahead(partial(past_.history, wanted=replace(wanted, limit=asked)))
        while asked:
            page = await ahead
            left -= page.count
            asked = min(past_.PAGE, left) if page.count == asked else 0
            if asked:
                more = replace(wanted, limit=asked, before=page.last)
                ahead = self._readers.ahead(partial(past_.history, wanted=more))
            if page.count:
                yield page

    async def tally(self, wanted: Wanted, asked: Asked) -> list[Sum]:
        await self._search(wanted)
        return await self._readers.rows(lambda db: tallying.tally(db, wanted, asked))

    async def _search(self, wanted: Wanted) -> None:
        """See to it that what has ended can be searched."""
        pages = SEARCH_WAITS if wanted.text else 0
        while pages and await self._write(search.catch_up, durable=False):
            pages -= 1

    async def sums(self, asked: Asked) -> list[Sum]:
        return await self._readers.rows(lambda db: buckets.sums(db, asked))

    async def spawn(self, run_id: str, turns: Sequence[NewTask], events: Sequence[RunEvent]) -> list[Task]:
        return await self._write(lambda db: composites.spawn(db, run_id, turns, events), durable=bool(turns))

    async def finish(self, end: Ending, now: float) -> Task:
        return await self._write(lambda db: composites.finish(db, end, now))

    async def turns(self, run_id: str) -> list[Task]:
        return await self._readers.rows(lambda db: composites.turns(db, run_id))

    async def notices(self, limit: int) -> list[Notice]:
        return await self._readers.rows(lambda db: noticing.notices(db, limit))

    async def keep_notice(self, notice: Notice) -> None:
        await self._write(lambda db: noticing.keep(db, notice), durable=False)

    async def drop_notice(self, notice: Notice) -> None:
        await self._write(lambda db: noticing.drop(db, notice))

    async def old(self, what: Kept, before: float, after: tuple[float, int]) -> list[Old]:
        return await self._readers.rows(lambda db: retention.old(db, what, before, after))

    async def forget(self, what: Kept, ids: Sequence[int], now: float) -> None:
        await self._write(lambda db: retention.forget(db, what, ids, now))

    async def known(self, run_ids: Sequence[str]) -> frozenset[str]:
        return await self._readers.rows(lambda db: retention.known(db, run_ids))

    async def audit(self, wanted: AuditWanted) -> list[AuditEntry]:
        return await self._readers.rows(lambda db: auditing.audit(db, wanted))

    async def take_over(self, lines: Sequence[Line]) -> tuple[int, int]:
        return await self._write(lambda db: imports.take_over(db, lines), durable=False)

    async def taken_over(self, digests: Sequence[bytes]) -> int:
        return await self._readers.rows(lambda db: imports.known(db, digests))

    async def pages(self) -> tuple[int, int]:
        return await self._readers.rows(retention.pages)

    async def attempts(self, run_id: str) -> list[Attempt]:
        return self._readers.row(lambda db: lookup.attempts(db, run_id))

    async def decisions(self, run_id: str) -> list[tuple[float, Decided]]:
        return await self._readers.rows(lambda db: lookup.decisions(db, run_id))

    async def events(self, run_id: str, since: int, limit: int) -> list[RunEvent]:
        return await self._readers.rows(lambda db: lookup.events(db, run_id, since, limit))

    async def session_usage(self, provider: str, session_id: str) -> Usage | None:
        return self._readers.row(lambda db: lookup.session_usage(db, provider, session_id))

    async def session_turns(self, provider: str, session_id: str, limit: int) -> list[Task]:
        return await self._readers.rows(lambda db: lookup.session_turns(db, provider, session_id, limit))

    async def session_worktree(self, provider: str, session_id: str) -> Worktree | None:
        return self._readers.row(lambda db: lookup.session_worktree(db, provider, session_id))
