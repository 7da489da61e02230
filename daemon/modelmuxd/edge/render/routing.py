"""Why an agent was or would be chosen: each candidate with what its score is the sum of; and what the router knows."""

from __future__ import annotations

from muxwire.protocol import View
from muxwire.routing import Route, RouteLine, Routing

from modelmuxd.edge.render import clean
from modelmuxd.edge.render.layout import paint
from modelmuxd.edge.render.plain import json_line


def route_text(route: Route, view: View) -> str:
    kind = clean.line(route.kind)
    if not route.ranked:
        return f"Nobody can take it ({kind}).\n" + reasons_text(route, view)
    head = f"{paint(clean.line(route.ranked[0].provider), 'bold', view)} ({kind}), {route.sure:.0%} sure\n"
    return head + reasons_text(route, view)


def reasons_text(route: Route, view: View, indent: str = "  ") -> str:
    """A line for each candidate, and what would change the router's mind."""
    lines = [f"· {_line(one)}" for one in route.ranked]
    lines += [f"✗ {one.provider}: {'; '.join(one.reasons)}" for one in route.excluded]
    lines += [f"→ {route.turn}"] if route.turn and route.ranked else []
    return "".join(f"{indent}{paint(clean.line(line), 'dim', view)}\n" for line in lines)


def _line(one: RouteLine) -> str:
    name = f"{one.provider}/{one.model}" if one.model else one.provider
    parts = " ".join(f"{part} {value:+.3f}" for part, value in one.parts.items())
    score = f" = {one.score:.3f} ({parts})" if parts else ""
    return f"{name}{score}: {'; '.join(one.reasons)}"


def learned_text(routing: Routing, _view: View) -> str:
    """The knowledge itself, to be kept in a file."""
    return json_line(routing.knowledge).decode()
