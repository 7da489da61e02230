"""A benchmark on the wire: which agent does how well at which kind of work, by tasks whose result is checked."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from muxwire.options import flag
from muxwire.runs import CallerEnv, Cost


class BenchmarkParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Give small tasks to agents and check what they do. What was measured before is not asked again."""

    providers: Annotated[
        tuple[str, ...],
        Meta(
            description="Whom to measure, each a provider or `provider/model` (default: all that are usable).",
            max_length=50,
            extra=flag("--providers"),
        ),
    ] = ()
    tasks: Annotated[
        tuple[str, ...], Meta(description="Which tasks, by name (default: all).", extra=flag("--tasks"))
    ] = ()
    repeats: Annotated[
        int,
        Meta(
            description="Times that each agent does each task; more add to those there are.",
            ge=1,
            le=50,
            extra=flag("--repeats"),
        ),
    ] = 3
    suite: Annotated[str, Meta(description="Folder with tasks of your own.", extra=flag("--suite"))] = ""
    list_tasks: Annotated[bool, Meta(description="Show the tasks.", extra=flag("--list-tasks"))] = False
    dry_run: Annotated[
        bool, Meta(description="Only tell what it would take, and what is known.", extra=flag("--dry-run"))
    ] = False
    env: CallerEnv = CallerEnv()


class BenchmarkTask(msgspec.Struct, frozen=True):
    name: str
    kind: str
    title: str
    timeout: int
    """Seconds that an agent has for it."""


class BenchmarkLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent came to, at one kind of work or (empty) at all of it."""

    provider: str
    kind: str = ""
    passed: int
    runs: int
    """Whose work was checked; those in which the agent could not be reached are not among them."""
    low: float
    """Its share of good work lies between these with 95 % confidence, as far as these tasks tell (Wilson)."""
    high: float
    seconds: float | None = None
    """The median."""
    cost: Cost = Cost(usd=None)
    """Of all of them; unknown as soon as one is."""


class BenchmarkNeed(msgspec.Struct, frozen=True, kw_only=True):
    """What is still to be run with one agent."""

    provider: str
    runs: int
    cost: Cost
    """By what its runs have cost so far."""
    at_most_s: int
    """Seconds that they may take, one after the other."""


class Unreached(msgspec.Struct, frozen=True, kw_only=True):
    """A run that says nothing of its agent's work."""

    run_id: str
    provider: str
    task: str
    why: str


class BenchmarkResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    tasks: tuple[BenchmarkTask, ...] = ()
    lines: tuple[BenchmarkLine, ...] = ()
    """Each agent as a whole, then by kind."""
    needs: tuple[BenchmarkNeed, ...] = ()
    """Empty when all was measured."""
    unreached: tuple[Unreached, ...] = ()


class CellEnded(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="cell", tag_field="type"):
    """One agent has done one task once."""

    run_id: str
    provider: str
    task: str
    repeat: int
    verdict: Literal["passed", "failed", "unreached"]
    seconds: float
    done: int
    total: int
    text: str = ""
