"""What happens to a task while no attempt of it runs: it waits, it is canceled, it ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from muxwire.faults import CONFLICT, Fault, refuse
from muxwire.words import FinalState, WaitReason

from modelmuxd.domain.knowledge import Signal
from modelmuxd.store import knowledge
from modelmuxd.store.interface import Stale
from modelmuxd.store.lookup import load_task
from modelmuxd.store.records import Decided, Task
from modelmuxd.store.standing import Place, canceled, move, note, record, standing


def wait_for(
    db: sqlite3.Connection, run_id: str, reason: WaitReason, text: str, not_before: float | None, now: float
) -> Task:
    """A task that runs or has ended waits for nothing and stays as it is."""
    task = standing(db, run_id)
    to = Place("waiting", reason, text, not_before)
    if task.state in ("queued", "waiting") and to != task.place:
        move(db, task, to, now, changes={})
    return load_task(db, task.id)


def end(
    db: sqlite3.Connection,
    run_id: str,
    state: FinalState,
    fault: Fault | None,
    now: float,
    decisions: Sequence[Decided],
) -> Task:
    """The first end counts. Raises Stale while an attempt runs: that one is to be settled."""
    task = standing(db, run_id)
    if task.state == "running":
        raise Stale(f"{run_id} has a running attempt, which must be settled first.")
    if not task.final:
        text = fault.message if fault else ""
        move(db, task, Place(state), now, text=text, changes={"fault": fault})
        note(db, task.id, decisions, now)
    return load_task(db, task.id)


def request_cancel(db: sqlite3.Connection, run_id: str, by: str, now: float) -> Task:
    """The first request counts; one that comes too late changes nothing."""
    task = standing(db, run_id)
    if task.final or task.canceling:
        return load_task(db, task.id)
    fault = canceled(by)
    note(db, task.id, [Decided(kind="cancel", text=fault.message)], now)
    if task.state == "running":
        record(db, task, (), {"canceling": True})
    else:
        move(db, task, Place("canceled"), now, text=fault.message, changes={"fault": fault})
    return load_task(db, task.id)


def answer(db: sqlite3.Connection, run_id: str, text: str, now: float) -> Task:
    """Raises FaultError(CONFLICT) for a run that waits for nothing of the kind."""
    task = standing(db, run_id)
    if task.waiting != "input":
        raise refuse(CONFLICT, f"Run {run_id} does not wait for an answer: it is {task.state}.", "See `muxctl status`.")
    move(db, task, Place("queued"), now, changes={"answer": text})
    note(db, task.id, [Decided(kind="answer", text="answered by its user")], now)
    return load_task(db, task.id)


def decide(
    db: sqlite3.Connection, run_id: str, decisions: Sequence[Decided], now: float, signals: Sequence[Signal] = ()
) -> None:
    note(db, standing(db, run_id).id, decisions, now)
    knowledge.learn(db, signals)
