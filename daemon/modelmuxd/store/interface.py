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

from collections.abc import Sequence
from typing import Protocol

import msgspec
from muxwire.events import RunEvent
from muxwire.faults import Fault
from muxwire.runs import Origin
from muxwire.words import Enforcement, FinalState, Sandbox, State, WaitReason

from modelmuxd.domain.usage import Usage


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as it is accepted."""

    run_id: str
    created_at: float
    task: str
    provider: str = "auto"
    model: str = ""
    sandbox: Sandbox = "read-only"
    workdir: str = ""
    session_id: str = ""
    timeout: int = 300
    max_retries: int = 1
    failover: bool = True
    profile: str = ""
    effort: str = ""
    priority: int = 0
    origin: Origin = Origin()
    env: dict[str, str] = {}
    """Base names only; secrets never reach the store."""
    env_names: tuple[str, ...] = ()
    """Names of the secrets that the caller supplied."""
    idempotency_key: str = ""
    payload_hash: str = ""
    blocked: Fault | None = None
    """Refused at once: the task is recorded in its final state `blocked`."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task as it stands."""

    new: NewTask
    state: State
    waiting: WaitReason | None = None
    waiting_for: str = ""
    not_before: float | None = None
    """Unix time before which the scheduler leaves it alone."""
    started_at: float | None = None
    ended_at: float | None = None
    last_seq: int = 0
    provider: str = ""
    model: str = ""
    session_id: str = ""
    summary: str = ""
    output: str = ""
    """Inline when small; else empty, and `output_file` names it."""
    output_file: str = ""
    output_size: int = 0
    fault: Fault | None = None
    usage: Usage | None = None
    cost_micros: int | None = None
    enforced: Enforcement | None = None
    failover_from: str = ""
    attempts: int = 0
    canceling: bool = False
    """Somebody asked to cancel it; it has not ended yet."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try at one provider."""

    run_id: str
    number: int
    """From 1, counting over all providers of the run."""
    provider: str
    account: str
    model: str = ""
    epoch: int = 0
    """Incarnation of the daemon that owns it."""
    folder: str = ""
    """Name of its spool folder, relative to the spool root."""
    started_at: float = 0.0
    ended_at: float | None = None
    state: str = "running"
    """running, success, a fault kind, or lost."""
    exit_code: int | None = None
    fault: Fault | None = None
    session_id: str = ""
    usage: Usage | None = None
    cost_micros: int | None = None
    enforced: Enforcement | None = None
    argv: tuple[str, ...] = ()
    cli_version: str = ""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with its reasons, kept for `why`."""

    kind: str
    text: str
    data: dict[str, object] = {}


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Start an attempt if the task still wants one and the limits allow it; all in one transaction."""

    run_id: str
    provider: str
    account: str
    model: str = ""
    folder: str
    argv: tuple[str, ...] = ()
    cli_version: str = ""
    enforced: Enforcement | None = None
    max_running: int
    """Attempts that may run at once in all."""
    max_account: int
    """Attempts that may run at once on this account."""
    why: str = ""
    """Why this provider, for the AttemptStarted event."""
    decisions: tuple[Decided, ...] = ()


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Either the attempt, or why there is none; in that case nothing was written."""

    attempt: Attempt | None = None
    waiting: WaitReason | None = None
    text: str = ""
    """The sentence, such as `slots: codex has 2 of 2 running`."""
    gone: bool = False
    """The task has ended, is being canceled or has a running attempt: nothing is left to do."""


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt's end, and with `state` the run's end, in one transaction with its last events.

    `state` None: the run goes on (retry, failover, parked): `waiting` and `not_before` say how. But a run that is being
    canceled does not go on: it then ends as `canceled`, which the returned task tells.

    `summary` and `output…` take the place of what an earlier attempt left. The task's usage and cost become the sums
    over its attempts; a cost is unknown as soon as one of them spent tokens at an unknown price.
    """

    run_id: str
    number: int
    epoch: int
    attempt_state: str
    fault: Fault | None = None
    exit_code: int | None = None
    session_id: str = ""
    model: str = ""
    usage: Usage | None = None
    cost_micros: int | None = None
    enforced: Enforcement | None = None
    state: FinalState | None = None
    waiting: WaitReason | None = None
    waiting_for: str = ""
    not_before: float | None = None
    summary: str = ""
    output: str = ""
    output_file: str = ""
    output_size: int = 0
    failover_from: str = ""
    events: tuple[RunEvent, ...] = ()
    decisions: tuple[Decided, ...] = ()


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

    async def submit(self, task: NewTask, decisions: Sequence[Decided] = ()) -> tuple[Task, bool]:
        """Accept a task; durable when this returns. With a known idempotency key (scoped to origin kind, principal):
        the existing task and False. Raises FaultError(CONFLICT) when the same key comes with another payload."""
        ...

    async def claim(self, claim: Claim, now: float) -> Claimed:
        """Start an attempt. Attempts of earlier incarnations count against the limits until they are settled."""
        ...

    async def append(self, run_id: str, number: int, epoch: int, events: Sequence[RunEvent]) -> int:
        """Give the events their gap-free sequence numbers; returns the last one. Need not survive power loss."""
        ...

    async def settle(self, settle: Settle, now: float) -> Task:
        """End an attempt, exactly once. Raises Stale when it is not ours (`adopt` it first) or has ended."""
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

    async def decide(self, run_id: str, decisions: Sequence[Decided], now: float) -> None: ...

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

    async def session_workdir(self, provider: str, session_id: str) -> str | None:
        """Where the last run of this session worked, for CLIs that bind a session to its folder."""
        ...
