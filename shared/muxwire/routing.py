"""Why an agent was chosen, and what the router knows: one structure for `why`, `route`, JSON and MCP."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Prefer = Literal["quality", "balanced", "cheap", "fast"]
"""What a user gives up for what."""


class RouteLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the router thinks of one candidate."""

    provider: str
    model: str = ""
    score: float = 0.0
    parts: dict[str, float] = {}
    """What the score is the sum of: prior, record, kind and project of the agent; cost, time, reached, chance."""
    spread: float = 0.0
    """Standard deviation of what is expected."""
    judged: float = 0.0
    """Judged answers that this rests on; old ones count less."""
    reasons: tuple[str, ...] = ()


class Route(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A decision: the candidates, best first, and who was ruled out by what."""

    kind: str = ""
    """Of work, as the task's words tell."""
    ranked: tuple[RouteLine, ...] = ()
    excluded: tuple[RouteLine, ...] = ()
    sure: float = 1.0
    """How likely it is that the first is better than the second."""
    turn: str = ""
    """What it would take to change its mind."""


class RoutingParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the router has learned: give it out, take it in, or forget it."""

    action: Literal["export", "import", "reset"] = "export"
    knowledge: dict[str, Any] = {}
    """Of an import."""


class Routing(msgspec.Struct, frozen=True):
    """All that is known, as it is kept."""

    knowledge: dict[str, Any]
    agents: int
    projects: int
