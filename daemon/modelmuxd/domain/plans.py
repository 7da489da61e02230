"""What a composite is to do: stored with its task, for whoever takes it up again. Plain data, no behaviour."""

from __future__ import annotations

from typing import Literal

import msgspec
from muxwire.settings.model import Pattern
from muxwire.words import Sandbox


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of those who are asked."""

    name: str
    """What its answer is called; no two members share one: `codex`, `claude/opus`, `codex#2`."""
    provider: str
    model: str = ""


class Broadcast(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="broadcast"):
    """The same task for all members at once."""

    members: tuple[Member, ...]
    timeout: int
    """Seconds that each member may take."""
    quorum: int = 0
    """As soon as so many have answered, nobody waits for the others; 0: for all."""
    needed: int = 1
    """Answers that make it a success."""
    compare: bool = False
    judge: Member | None = None
    """Who ranks the answers."""
    worktree: bool = False
    """Whether each member works in one of its own."""
    carry: bool = False


class Collaboration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="collaborate"):
    """Roles that work on the task in turns."""

    name: str
    """The pattern's."""
    pattern: Pattern
    """As it was when this began; each role's provider is who was asked for."""
    max_rounds: int
    timeout: int
    """Seconds that each turn may take."""


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a workflow."""

    name: str
    task: str
    """With placeholders."""
    provider: str = "auto"
    model: str = ""
    sandbox: Sandbox = "read-only"
    timeout: int
    needs: tuple[str, ...] = ()
    max_retries: int = 1
    on_fail: Literal["stop", "continue", "fallback"] = "stop"
    fallback: str = ""


class Workflow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="workflow"):
    """Steps whose answers go into each other."""

    name: str
    description: str = ""
    steps: tuple[PlannedStep, ...]


class Decomposition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="decompose"):
    """A task that a planner takes apart, when that is worth it."""

    provider: str
    """Who plans and merges: `auto`, or who was asked."""
    model: str = ""
    providers: tuple[str, ...] = ()
    """Whom the planner may give a part to, besides leaving it to the router."""
    timeout: int
    """Seconds that each turn may take."""


Plan = Broadcast | Collaboration | Workflow | Decomposition


class Turn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is asked of one provider: it becomes a task of its own."""

    step: str
    round: int = 1
    """From 1, for a step that comes again."""
    task: str
    provider: str = "auto"
    model: str = ""
    sandbox: Sandbox | None = None
    """None: as its composite."""
    session_id: str = ""
    schema: str = ""
    """JSON Schema of the answer, for agents that can hold a model to one."""
    timeout: int
    """Seconds."""
    max_retries: int = 1
    failover: bool = False


def kind_of(plan: Plan) -> str:
    """`broadcast` …"""
    return str(plan.__struct_config__.tag)


def providers_of(plan: Plan) -> tuple[str, ...]:
    """Whom it may ask, each once."""
    match plan:
        case Broadcast():
            words = [member.provider for member in (*plan.members, *([plan.judge] if plan.judge else []))]
        case Collaboration():
            words = [turn.provider for turn in plan.pattern.turns]
        case Decomposition():
            words = [plan.provider, *plan.providers]
        case Workflow():
            words = [word for step in plan.steps for word in (step.provider, step.fallback) if word]
    return tuple(dict.fromkeys(words))


def may_replace(plan: Plan) -> bool:
    """Whether others than those that it names may be asked in their place."""
    return isinstance(plan, (Collaboration, Decomposition))
