"""What the record holds, and what is asked of it: frozen structs. Times are Unix seconds, money is micro-dollars."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from muxwire.events import RunEvent
from muxwire.faults import Fault
from muxwire.runs import Changes, Origin, Verified
from muxwire.settings.model import Target
from muxwire.words import Enforcement, FinalState, Sandbox, State, WaitReason

from modelmuxd.domain.account import Breaker, Cooldown
from modelmuxd.domain.bill import Bill, Billing
from modelmuxd.domain.budget import CallLimit, Reserve
from modelmuxd.domain.imported import OldRating
from modelmuxd.domain.knowledge import Judged, Routed, Signal
from modelmuxd.domain.plans import Plan
from modelmuxd.domain.trial import Trial
from modelmuxd.domain.usage import Usage
from modelmuxd.domain.worktree import Worktree


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
    root: str = ""
    """The first run of its lineage; empty: itself. It holds the lease of the workdir for all its descendants."""
    depth: int = 0
    """How many runs stand above it."""
    after: tuple[str, ...] = ()
    """Runs that must have succeeded before this one starts; when one of them ends otherwise, so does this."""
    not_before: float | None = None
    """Unix time before which nobody wants it started."""
    deadline: float | None = None
    """Unix time by which it must have ended, waiting included."""
    worktree: Worktree | None = None
    retry_of: str = ""
    """The run that this one repeats at its user's word."""
    plan: Plan | None = None
    """Of a composite: it runs no agent itself; its turns are tasks of their own, which say that they are part of it."""
    part_of: str = ""
    """The composite that it is a turn of; `step` and `round` tell which one: no composite has the same turn twice."""
    step: str = ""
    round: int = 0
    schema: str = ""
    """JSON Schema that its answer is to keep to, for agents that can hold a model to one; the task says it in words."""
    trial: Trial | None = None
    """It measures its agent: what it does and how that is checked."""
    caller_excluded: str = ""
    """The provider that called; the task goes to it only where its user names it."""
    prefer: str = ""
    """What counts most in the choice, where its user says so for this run."""
    max_cost_micros: int | None = None
    """Micro-dollars that it may cost in all, where its user says so."""
    notify: tuple[Target, ...] = ()
    """Whom its end is to be told; what they are is read from the settings when it is."""
    blocked: Fault | None = None
    """Refused at once: the task is recorded in its final state `blocked`."""

    @property
    def works_in(self) -> str:
        """The folder that its agent is started in."""
        return str(Path(self.worktree.path, self.worktree.folder)) if self.worktree else self.workdir


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a run that somebody is still to be told of."""

    run_id: str
    target: Target
    tries: int = 0
    due: float = 0.0


class Old(msgspec.Struct, frozen=True, kw_only=True):
    """An ended run of which something may be cleaned away."""

    id: int
    run_id: str
    ended_at: float
    bytes: int
    """What it takes in the record."""
    folders: tuple[str, ...]
    """Of its attempts, below the spool."""
    worktree: Worktree | None = None
    needed: bool = False
    """A run that has not ended yet waits for it, descends from it or repeats it."""


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
    plan_micros: int | None = None
    """What a plan has paid for, at list price; no part of the cost."""
    priced_by: str = ""
    """Whose figures these are: provider, table, settings, local, or mixed."""
    attempts: int = 0
    changes: Changes | None = None
    verified: Verified | None = None
    answer: str = ""
    """What its user answered last to a run that waits for input: the next attempt's prompt, in the same session."""
    canceling: bool = False
    """Somebody asked to cancel it; it has not ended yet."""
    cleaned: bool = False
    """Its output was cleaned away; how large it was is still known."""


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
    billing: Billing = "unknown"
    """As its login told before it started."""
    bill: Bill | None = None
    """Once it has ended; None for an attempt of before there were prices."""
    plan_micros: int | None = None
    argv: tuple[str, ...] = ()
    cli_version: str = ""
    routed: Routed | None = None
    """What the router thought of it; None for an attempt of before there was one."""
    first_byte: float | None = None
    """Seconds until the agent said anything."""


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
    kept: int = 0
    """Slots of `max_running` that only runs with depth > 0 may take, so that a parent's children cannot starve."""
    depth: int = 0
    workdir: str = ""
    """The folder it writes in, real path; empty for a run that only reads or is isolated. One root task at a time."""
    root: str = ""
    """Whose lease of the workdir it shares; never empty in a claim with a workdir."""
    calls: tuple[CallLimit, ...] = ()
    reserve: tuple[Reserve, ...] = ()
    billing: Billing = "unknown"
    why: str = ""
    """Why this provider, for the AttemptStarted event."""
    routed: Routed | None = None
    decisions: tuple[Decided, ...] = ()


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Either the attempt, or why there is none; in that case nothing was written."""

    attempt: Attempt | None = None
    waiting: WaitReason | None = None
    text: str = ""
    """The sentence, such as `slots: codex has 2 of 2 running`."""
    until: float | None = None
    """Unix time at which it may be tried again, where known."""
    refused: Fault | None = None
    """A policy's count or a hard budget is used up: the run is to end as `blocked`."""
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
    """Money; until `bill` is there, what the CLI says it was."""
    billing: Billing = "unknown"
    """Where the CLI itself told."""
    bill: Bill | None = None
    plan_micros: int | None = None
    enforced: Enforcement | None = None
    state: FinalState | None = None
    waiting: WaitReason | None = None
    waiting_for: str = ""
    not_before: float | None = None
    summary: str = ""
    output: str = ""
    output_file: str = ""
    output_head: str = ""
    """Of an output that lies in a file: its beginning, for the search."""
    output_size: int = 0
    failover_from: str = ""
    changes: Changes | None = None
    verified: Verified | None = None
    cooldown: Cooldown | None = None
    """Holds for everybody from this commit on."""
    health: Literal["", "good", "bad"] = ""
    """What the attempt says of its account's circuit; empty: nothing (a cancel, a wrong request)."""
    breaker: Breaker = Breaker()
    first_byte: float | None = None
    signals: tuple[Signal, ...] = ()
    """What routing learns from this end."""
    events: tuple[RunEvent, ...] = ()
    decisions: tuple[Decided, ...] = ()


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A composite's end. Its usage and cost become the sums over its turns, as those of a run over its attempts."""

    run_id: str
    state: FinalState
    summary: str = ""
    output: str = ""
    output_size: int = 0
    fault: Fault | None = None
    changes: Changes | None = None
    """In its worktree, where it has one."""
    signals: tuple[Signal, ...] = ()
    """What routing learns from it."""
    events: tuple[RunEvent, ...] = ()
    decisions: tuple[Decided, ...] = ()


class OldRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that another version did, in its final state."""

    task: Task
    attempt: Attempt | None = None
    old_id: str = ""
    """Its id there; several runs may share one, and it leads to the first of them."""
    why: str
    """Where it comes from, in a sentence."""
    echo: str = ""
    """It may be there already, from another file; this is then noted with that run."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What one line of another version's file holds."""

    digest: bytes
    """Of the file's name and the line: what it is known by."""
    runs: tuple[OldRun, ...] = ()
    rating: OldRating | None = None
    judged: Judged | None = None
    """What routing is told by the rating."""

    @property
    def signals(self) -> tuple[Signal, ...]:
        return (self.judged,) if self.judged else ()
