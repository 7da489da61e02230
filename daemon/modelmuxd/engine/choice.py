"""A choice of the router: what it is told of a task, and how what it answers is kept and shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from muxwire.routing import Route, RouteLine

from modelmuxd.domain.decision import Ranked, Ranking
from modelmuxd.routing.router import Asked, project_key
from modelmuxd.store.records import Decided, NewTask

DEAR = "It may exceed a budget."


def asked_of(task: NewTask) -> Asked:
    """What the router is told of it. A worktree's project is the checkout it comes from."""
    project = task.worktree.checkout if task.worktree else task.workdir
    return Asked(task=task.task, project=project_key(project), explore=task.sandbox != "full", seed=task.run_id)


def route_of(ranking: Ranking, ranked: Sequence[Ranked]) -> Route:
    """The decision in numbers; `ranked` in the order in which they are to be asked."""
    return Route(
        kind=ranking.kind,
        ranked=tuple(_line(one) for one in ranked),
        excluded=tuple(_line(one) for one in ranking.excluded),
        sure=ranking.sure,
        turn=ranking.turn,
    )


def _line(one: Ranked) -> RouteLine:
    return RouteLine(
        provider=one.candidate.provider,
        model=one.candidate.model,
        score=round(one.score, 4),
        parts={name: round(value, 4) for name, value in one.parts.items() if value},
        spread=round(one.spread, 4),
        judged=round(one.judged, 2),
        reasons=one.reasons,
    )


def explain(ranking: Ranking, ranked: Sequence[Ranked]) -> Decided:
    best = f"{ranked[0].candidate.provider}: {'; '.join(ranked[0].reasons)}" if ranked else "nobody can take it"
    return Decided(kind="route", text=best, data=msgspec.to_builtins(route_of(ranking, ranked)))


def cheapest(decided: Decided, cheap: Sequence[str]) -> Decided:
    """A `route` after the budgets have had their say: only those whom they leave room for are asked, in this order."""
    route = msgspec.convert(decided.data, Route)
    lines = {line.provider: line for line in route.ranked}
    dear = [msgspec.structs.replace(line, reasons=(DEAR,)) for name, line in lines.items() if name not in cheap]
    changed = msgspec.structs.replace(
        route, ranked=tuple(lines[name] for name in cheap), excluded=(*dear, *route.excluded), turn=""
    )
    others = ", ".join(line.provider for line in dear)
    text = f"{cheap[0]}: the cheapest that the budgets leave room for; not for {others}"
    return Decided(kind="route", text=text, data=msgspec.to_builtins(changed))
