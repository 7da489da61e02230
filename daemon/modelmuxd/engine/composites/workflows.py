"""The workflows that there are: the built-in ones, and the user's over them; and a plan made of one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from muxwire.faults import unknown_name
from muxwire.settings.model import Step, Workflow
from muxwire.settings.workflows import needs_of, unknown
from muxwire.workflow import StepLine, WorkflowLine

from modelmuxd.domain.plans import PlannedStep
from modelmuxd.domain.plans import Workflow as Plan
from modelmuxd.engine.plan import TaskSettings, wanted


@cache
def builtin() -> dict[str, Workflow]:
    return msgspec.toml.decode(Path(__file__).with_name("workflows.toml").read_bytes(), type=dict[str, Workflow])


def every(settings: TaskSettings) -> Mapping[str, Workflow]:
    return {**builtin(), **settings.workflows}


def named(name: str, settings: TaskSettings) -> Workflow:
    """Raises FaultError."""
    known = every(settings)
    if name not in known:
        raise unknown_name("workflow", name, known)
    return known[name]


def plan_of(name: str, settings: TaskSettings) -> Plan:
    """Raises FaultError for a name that nobody has."""
    workflow = named(name, settings)
    needs = needs_of(workflow)
    for step in workflow.steps:
        wanted(step.provider, settings)
    return Plan(
        name=name,
        description=workflow.description,
        steps=tuple(_planned(step, needs[step.name]) for step in workflow.steps),
    )


def _planned(step: Step, needs: tuple[str, ...]) -> PlannedStep:
    return msgspec.convert({**msgspec.to_builtins(step), "needs": needs}, PlannedStep)


def line_of(name: str, workflow: Workflow) -> WorkflowLine:
    needs = needs_of(workflow)
    return WorkflowLine(
        name=name,
        description=workflow.description,
        version=workflow.version,
        steps=tuple(
            StepLine(
                name=step.name,
                provider=step.provider,
                model=step.model,
                sandbox=step.sandbox,
                needs=needs[step.name],
                on_fail=step.on_fail,
            )
            for step in workflow.steps
        ),
        warnings=tuple(
            f"{workflow.steps[number].name}: {{{word}}} stands for nothing and stays as it is"
            for number, word, _ in unknown(workflow)
        ),
    )
