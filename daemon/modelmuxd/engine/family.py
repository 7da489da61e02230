"""Which runs stand below a run: those that its agent has asked for, and theirs. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from modelmuxd.store.interface import Task


def below(run_id: str, tasks: Iterable[Task]) -> list[str]:
    """The descendants of a run among these tasks, in no order."""
    children: dict[str, list[str]] = {}
    for task in tasks:
        children.setdefault(task.new.origin.parent, []).append(task.new.run_id)
    found, todo = [], [run_id]
    while todo:
        more = children.pop(todo.pop(), [])
        found += more
        todo += more
    return found
