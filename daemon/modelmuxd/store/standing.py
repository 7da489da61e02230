"""A task's row inside a write: where it stands, where it goes, and the events that tell of it.

The one rule of events: every change of state appends its StateChanged in the same transaction, here; all other events
are handed in. `Ended` is never stored: whoever watches derives it from the final task.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec
from muxwire.events import Ended, RunEvent, StateChanged
from muxwire.faults import NOT_FOUND, Fault, FaultError, refuse
from muxwire.words import FINAL_STATES, State, WaitReason

from modelmuxd.store import buckets, notices, search
from modelmuxd.store.records import Decided
from modelmuxd.store.rows import DECISIONS, Rows, assignments, to_column

_JSON = msgspec.json.Encoder()


class Place(msgspec.Struct, frozen=True):
    """Where a task goes: a state, and while it waits why, what for and until when."""

    state: State
    waiting: WaitReason | None = None
    waiting_for: str = ""
    not_before: float | None = None


class Standing(msgspec.Struct, frozen=True):
    """What a write needs to know of a task; without its long texts."""

    id: int
    run_id: str
    state: State
    waiting: WaitReason | None
    waiting_for: str
    not_before: float | None
    started_at: float | None
    last_seq: int
    attempts: int
    canceling: bool

    @property
    def final(self) -> bool:
        return self.state in FINAL_STATES

    @property
    def place(self) -> Place:
        return Place(self.state, self.waiting, self.waiting_for, self.not_before)


_STANDING = Rows("tasks", Standing, key=())
_SELECT = f"SELECT {_STANDING.columns} FROM tasks WHERE run_id = ?"  # noqa: S608 - our own column names


def standing(db: sqlite3.Connection, run_id: str) -> Standing:
    """Raises FaultError(NOT_FOUND)."""
    row = db.execute(_SELECT, (run_id,)).fetchone()
    if row is None:
        raise unknown_run(run_id)
    return _STANDING.load(row)


def unknown_run(named: str) -> FaultError:
    return refuse(NOT_FOUND, f"There is no run {named!r}.", "See the newest with: muxctl status.")


def move(
    db: sqlite3.Connection,
    task: Standing,
    to: Place,
    now: float,
    *,
    changes: Mapping[str, object],
    text: str = "",
    before: Sequence[RunEvent] = (),
    after: Sequence[RunEvent] = (),
) -> None:
    """Put a task where it goes, with its StateChanged (when that is news) between the events `before` and `after`; one
    that ends is counted in the statistics; whoever is to be told of it is owed that, and so are its words to search."""
    told = () if task.place == to else (state_changed(to, text, now),)
    ended_at = now if to.state in FINAL_STATES else None
    record(db, task, (*before, *told, *after), {**msgspec.structs.asdict(to), "ended_at": ended_at, **changes})
    if ended_at is not None:
        buckets.run_ended(db, task.id)
        notices.owe(db, task.id, ended_at)
        search.owe(db, task.id)


def record(db: sqlite3.Connection, task: Standing, events: Sequence[RunEvent], changes: Mapping[str, object]) -> int:
    """Number the events from the task's last one on, and rewrite its row once; returns the last number."""
    last = add_events(db, task.id, events, first=task.last_seq + 1)
    columns = {"last_seq": last, **{name: to_column(name, value) for name, value in changes.items()}}
    db.execute(f"UPDATE tasks SET {assignments(columns)} WHERE id = :id", {**columns, "id": task.id})  # noqa: S608
    return last


def state_changed(to: Place, text: str, now: float) -> StateChanged:
    return StateChanged(state=to.state, reason=to.waiting, text=to.waiting_for or text, until=to.not_before, at=now)


def add_events(db: sqlite3.Connection, task_id: int, events: Sequence[RunEvent], *, first: int) -> int:
    """Number the events from `first` on and write them; returns the last number."""
    rows = [(task_id, seq, _body(event, seq)) for seq, event in enumerate(events, first)]
    db.executemany("INSERT INTO events (task_id, seq, body) VALUES (?, ?, ?)", rows)
    return first - 1 + len(rows)


def note(db: sqlite3.Connection, task_id: int, decisions: Sequence[Decided], now: float) -> None:
    """Keep the decisions for `why`."""
    if decisions:
        db.executemany(DECISIONS.insert, [DECISIONS.values(each, task_id=task_id, at=now) for each in decisions])


def canceled(by: str = "") -> Fault:
    """What a task that ends without another attempt says when somebody asked to cancel it."""
    return Fault("canceled", f"Canceled by {by}." if by else "Canceled.")


def _body(event: RunEvent, seq: int) -> str:
    if isinstance(event, Ended):
        raise TypeError("Ended is derived from the final task, never stored")
    return _JSON.encode(msgspec.structs.replace(event, seq=seq)).decode()
