"""What the daemon asks of its store. SQLite stands behind it today; another engine can be held to the same suite.

Everything handed over is data: what must be decided inside a transaction is described, never passed as code.

Events. The store appends a `StateChanged` for every change of state, and an `AttemptStarted` for every claim, inside
the transaction of the change; all other events (`Text`, `AttemptEnded` …) come from the caller, who sets their `at`.
The store gives each its sequence number. `Ended` is never stored: whoever watches derives it from the final task, as
the last event after all stored ones.

Order in a claim: `StateChanged(running)`, `AttemptStarted`. In a settle: the events handed in, then `StateChanged`.

Any method raises FaultError: NOT_FOUND for a run that does not exist (but `session_…`), STORAGE when the disk fails.
Any write raises StoreFull on a full disk, and Stale once a later incarnation has opened the same record. A write whose
waiter was cancelled is done all the same, and within anyio its waiter is shielded until the answer is there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

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
from modelmuxd.store.records import Attempt, Claim, Claimed, Decided, Ending, Line, NewTask, Notice, Old, Settle, Task


class Stale(Exception):
    """A settle or append under an epoch that is not the attempt's any more, or for an attempt that has ended; the end
    of a task whose attempt still runs; any write after a later incarnation began."""


class StoreFull(Exception):
    """The disk is full: nothing of this write was kept."""


class TaskStore(Protocol):
    """One worker's view of the shared record. Every write is acknowledged after it is durable, but `append`."""

    @property
    def epoch(self) -> int:
        """This incarnation; larger than every earlier one."""
        ...

    async def submit(
        self, task: NewTask, decisions: Sequence[Decided] = (), signals: Sequence[Signal] = ()
    ) -> tuple[Task, bool]:
        """Accept a task; durable when this returns. With a known idempotency key (scoped to origin kind, principal):
        the existing task and False. Raises FaultError(CONFLICT) when the same key comes with another payload."""
        ...

    async def claim(self, claim: Claim, now: float) -> Claimed:
        """Start an attempt. Attempts of earlier incarnations count against the limits until they are settled."""
        ...

    async def purses(self, reserves: Sequence[Reserve]) -> list[Purse]:
        """What has gone from each of these budgets."""
        ...

    async def ended_attempts(self, after: tuple[int, int], limit: int) -> list[tuple[tuple[int, int], Attempt]]:
        """A page of all attempts that have ended, each with the key to go on after; (0, 0) at the beginning."""
        ...

    async def reprice(self, anew: Sequence[Repriced], now: float) -> None:
        """Put these bills in place of theirs, which stay on record, and correct the sums by the difference."""
        ...

    async def accounts(self) -> list[Account]:
        """All that have ever cooled down, failed or been probed."""
        ...

    async def cool_down(self, cooldown: Cooldown) -> None:
        """Outside a settle: a running attempt has met a limit that holds for everybody."""
        ...

    async def clear(self, provider: str) -> int:
        """Forget cooldowns and failures of a provider (empty: of all) at a user's word; of how many accounts."""
        ...

    async def pause(self, provider: str, by: str, now: float) -> None: ...

    async def resume(self, provider: str) -> bool:
        """Whether it was paused."""
        ...

    async def pauses(self) -> list[Pause]: ...

    async def answer(self, run_id: str, text: str, now: float) -> Task:
        """Queue a run that waits for input again, with the answer. Raises FaultError(CONFLICT) for any other."""
        ...

    async def states(self, run_ids: Sequence[str]) -> dict[str, State]:
        """How runs stand that others wait for."""
        ...

    async def descendants(self, run_id: str) -> list[str]:
        """The unfinished runs that this one's agent, or theirs, has asked for; parents before their children."""
        ...

    async def spawned(self, parent: str, since: float) -> int:
        """How many runs this one's agent has asked for after `since`."""
        ...

    async def allowances(self, run_id: str) -> list[Allowance]:
        """Of this run and of those above it, as far as they may cost only so much."""
        ...

    async def started_since(self, at: float) -> int:
        """Attempts of all runs that started after `at`: what a CallLimit counts."""
        ...

    async def append(self, run_id: str, number: int, epoch: int, events: Sequence[RunEvent]) -> int:
        """Give the events their gap-free sequence numbers; returns the last one. Need not survive power loss."""
        ...

    async def settle(self, settle: Settle, now: float) -> Task:
        """End an attempt, exactly once. Raises Stale when it is not ours (`adopt` it first) or has ended."""
        ...

    async def learn(self, signals: Sequence[Signal]) -> None:
        """Signals that come without an attempt's end, as comparisons do. Those of an end are part of its `settle`, a
        rating's of `rate`."""
        ...

    async def rate(self, rating: Rating) -> Rating | None:
        """Keep it in place of an earlier one of the same run, which is returned. Its judgement goes among the signals,
        after a `Retracted` of the earlier one's, in the same transaction."""
        ...

    async def ratings(self, limit: int) -> list[Rating]:
        """The newest first."""
        ...

    async def knowledge(self) -> tuple[Knowledge, int]:
        """What was kept last, and the number of the last signal in it."""
        ...

    async def signals(self, since: int, limit: int) -> list[tuple[int, Signal]]:
        """Signals with a number over `since`, in the order in which they were written, at most `limit`."""
        ...

    async def keep_knowledge(self, knowledge: Knowledge, through: int) -> None:
        """Keep what was made of the signals up to `through`; need not survive power loss, as they are there."""
        ...

    async def replace_knowledge(self, knowledge: Knowledge) -> int:
        """Go on from this; returns the number of the last signal that is forgotten."""
        ...

    async def wait_for(self, run_id: str, reason: WaitReason, text: str, not_before: float | None, now: float) -> Task:
        """Write down why a task that has no running attempt waits (a StateChanged event when it changed). One that runs
        or has ended stays as it is."""
        ...

    async def end(
        self, run_id: str, state: FinalState, fault: Fault | None, now: float, decisions: Sequence[Decided] = ()
    ) -> Task:
        """End a task that has no running attempt (canceled in the queue, no provider …); the first end counts. Raises
        Stale when it has one."""
        ...

    async def request_cancel(self, run_id: str, by: str, now: float) -> Task:
        """Mark a task as canceling; one that has no running attempt ends as `canceled` at once. The first request
        counts, and is noted as a decision of kind `cancel` that names `by`."""
        ...

    async def adopt(self, run_id: str, number: int) -> Attempt:
        """Take over an attempt of an earlier incarnation: it carries this epoch from now on. Raises Stale when
        it has ended."""
        ...

    async def decide(
        self, run_id: str, decisions: Sequence[Decided], now: float, signals: Sequence[Signal] = ()
    ) -> None: ...

    async def keyed(self, kind: str, principal: str, key: str) -> Task | None:
        """The task that has this idempotency key, in the scope of its origin."""
        ...

    async def find(self, prefix: str) -> Task:
        """The task whose id starts with `prefix` (6 characters or more). Raises FaultError NOT_FOUND, AMBIGUOUS, or
        USAGE for a shorter one."""
        ...

    async def unfinished(self) -> list[Task]:
        """Oldest first."""
        ...

    async def recent(self, limit: int) -> list[Task]:
        """The tasks that ended last, the last one first."""
        ...

    async def spent_since(self, at: float) -> Spending:
        """What the runs that have ended at that time or later came to."""
        ...

    async def history(self, wanted: Wanted) -> Page:
        """A page of what has ended. Raises FaultError(NOT_FOUND) for one after a run that is not in the record."""
        ...

    def history_pages(self, wanted: Wanted) -> AsyncIterator[Page]:
        """One after the other, `wanted.limit` runs in all or, where it is 0, all of them. The next page is read while
        the one before it is used. Raises as `history`."""
        ...

    async def tally(self, wanted: Wanted, asked: Asked) -> list[Sum]:
        """Sums of the runs that are `wanted`, by what is asked `by` and for `each`: provider, kind and status only."""
        ...

    async def sums(self, asked: Asked) -> list[Sum]:
        """Statistics of what has ended, whatever was cleaned away since, from sums that are kept with each end."""
        ...

    async def spawn(self, run_id: str, turns: Sequence[NewTask], events: Sequence[RunEvent]) -> list[Task]:
        """Accept turns of a composite and append events to its stream; those of them that are new. None comes to one
        that has ended or is being canceled, whose stream stays as it is then."""
        ...

    async def finish(self, end: Ending, now: float) -> Task:
        """End a composite; the first end counts."""
        ...

    async def turns(self, run_id: str) -> list[Task]:
        """Of a composite, in the order in which they were asked."""
        ...

    async def notices(self, limit: int) -> list[Notice]:
        """Whom ends of runs are still to be told, those due first; one is owed from the end's own transaction on."""
        ...

    async def keep_notice(self, notice: Notice) -> None:
        """It was tried in vain: how often, and when next. Need not survive power loss."""
        ...

    async def drop_notice(self, notice: Notice) -> None: ...

    async def old(self, what: Kept, before: float, after: tuple[float, int]) -> list[Old]:
        """A page of runs that ended before that time and still have it, oldest first, on from (end, id); none at the
        end."""
        ...

    async def forget(self, what: Kept, ids: Sequence[int], now: float) -> None:
        """Take it away from these; files are the caller's to remove, afterwards."""
        ...

    async def known(self, run_ids: Sequence[str]) -> frozenset[str]:
        """Those of them, a few hundred at most, that are in the record."""
        ...

    async def audit(self, wanted: AuditWanted) -> list[AuditEntry]:
        """What was decided, newest first."""
        ...

    async def take_over(self, lines: Sequence[Line]) -> tuple[int, int]:
        """Lines of another version's files, each of them once for ever: how many were new, and how many of these rate
        a run that is not there."""
        ...

    async def taken_over(self, digests: Sequence[bytes]) -> int:
        """How many of these lines, a few hundred at most, were taken over before."""
        ...

    async def pages(self) -> tuple[int, int]:
        """Bytes that the record takes, and how many of these are free for what comes."""
        ...

    async def attempts(self, run_id: str) -> list[Attempt]: ...

    async def decisions(self, run_id: str) -> list[tuple[float, Decided]]: ...

    async def events(self, run_id: str, since: int, limit: int) -> list[RunEvent]:
        """Events with a sequence number over `since`, in order, at most `limit`; fewer when they are long, and none
        only when there are none."""
        ...

    async def session_usage(self, provider: str, session_id: str) -> Usage | None:
        """What the attempt of this session that ended last and told its usage recorded, for CLIs whose totals are
        cumulative."""
        ...

    async def session_turns(self, provider: str, session_id: str, limit: int) -> list[Task]:
        """The runs of this session that succeeded, oldest first; of more than `limit` the newest."""
        ...

    async def session_worktree(self, provider: str, session_id: str) -> Worktree | None:
        """Where the last run of this session worked, when that was a worktree: CLIs bind a session to its folder."""
        ...
