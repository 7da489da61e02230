"""What the steps of a workflow take from each other, and what is wrong with that. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from muxwire.settings.model import Step, Workflow

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)((?:\.[A-Za-z0-9_-]+|\.output\|json)*)\}")
"""A name, and behind it which part of what it stands for."""
INPUT = "input"
"""What the caller gives; no step can be called so."""


def taken(step: Step) -> list[str]:
    """Whose answers it takes, as it is written."""
    return [found[1] for found in PLACEHOLDER.finditer(step.task) if found[1] != INPUT]


def needs_of(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    """Which steps each one waits for. In 0.29's files that is the one before it."""
    names = [step.name for step in workflow.steps]
    if workflow.version == 1:
        return {name: tuple(names[number - 1 : number]) if number else () for number, name in enumerate(names)}
    return {step.name: tuple(dict.fromkeys((*step.needs, *_known(taken(step), names)))) for step in workflow.steps}


def _known(words: Sequence[str], names: Sequence[str]) -> list[str]:
    return [word for word in words if word in names]


def waves(needs: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Steps that can be done at the same time, in order. Raises graphlib.CycleError."""
    order = TopologicalSorter(needs)
    order.prepare()
    found: list[tuple[str, ...]] = []
    while order.is_active():
        ready = order.get_ready()
        found.append(tuple(name for name in needs if name in ready))
        order.done(*ready)
    return found


def unknown(workflow: Workflow) -> Iterator[tuple[int, str, list[str]]]:
    """Placeholders that stand for nothing: the step's number, the name, and what would stand for something."""
    names = [INPUT, *(step.name for step in workflow.steps)]
    for number, step in enumerate(workflow.steps):
        for name in dict.fromkeys(taken(step)):
            if name not in names:
                yield number, name, names


def cycle(workflow: Workflow) -> list[str]:
    """Steps that wait for each other; empty when none do."""
    needs = needs_of(workflow)
    try:
        waves({name: [one for one in needed if one in needs] for name, needed in needs.items()})
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []
