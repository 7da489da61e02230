"""The turns of a composite: its own, and where it repeats another one those of that which succeeded."""

from __future__ import annotations

from collections.abc import Sequence

from modelmuxd.domain.plans import Broadcast
from modelmuxd.engine.composites import judge
from modelmuxd.engine.composites.score import Key
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import NewTask, Task


async def turns_of(store: TaskStore, composite: NewTask) -> list[Task]:
    """In the order in which they were asked: what has been answered once is not asked again."""
    found: dict[Key, Task] = {}
    if composite.retry_of:
        old = await store.find(composite.retry_of)
        found = _kept(old, await turns_of(store, old.new))
    own = await store.turns(composite.run_id)
    return [*found.values(), *own]


def _kept(old: Task, turns: Sequence[Task]) -> dict[Key, Task]:
    """One that lacks nothing is to be done anew; a broadcast has succeeded before all have answered."""
    kept = {(turn.new.step, turn.new.round): turn for turn in turns if _stands(turn)}
    lacks = isinstance(old.new.plan, Broadcast) and len(kept) < len(old.new.plan.members)
    return kept if lacks or old.state != "success" else {}


def _stands(turn: Task) -> bool:
    """A judge has seen other answers."""
    return turn.state == "success" and turn.new.step not in (judge.STEP, judge.REPAIR)
