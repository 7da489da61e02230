"""Ranks the candidates for a task, with every reason in numbers. Pure: no clock, no files; what is known is handed in,
and chance comes from the run's own id, so that a decision can be repeated.

Who is named, permitted and not the caller is settled before (engine/plan.py). Then the user's rules decide, then the
default provider where nothing is known, then what is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from random import Random

import msgspec
from msgspec.structs import replace

from modelmuxd.domain.decision import Candidate, Ranked, Ranking
from modelmuxd.domain.knowledge import Agent, Knowledge, Routed
from modelmuxd.routing.expect import UNKNOWN_WEIGHT, Expected, expect, mean_of
from modelmuxd.routing.kinds import kind_of
from modelmuxd.routing.priors import prior
from modelmuxd.routing.rules import Rule, met

TIE = 0.005
"""Scores closer than this are a tie, which the default provider wins."""
EXPECTED = ("prior", "record", "kind", "project")
"""The parts of a score that together are how good an answer is expected to be."""
UNREACHED = 0.1
"""What an agent loses that could not be reached lately: its account's cooldown says the rest."""


class Weights(msgspec.Struct, frozen=True):
    """What a user gives up of quality, a number from 0 to 1."""

    cost: float = 0.0
    """For each time the average cost."""
    seconds: float = 0.0
    """For each e-fold of the average time."""


PREFER: dict[str, Weights] = {
    "quality": Weights(),
    "balanced": Weights(cost=0.02, seconds=0.01),
    "cheap": Weights(cost=0.2),
    "fast": Weights(seconds=0.15),
}


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    rules: tuple[Rule, ...] = ()
    default_provider: str = ""
    weights: Weights = PREFER["balanced"]
    explore: float = 0.05
    """Which share of what is uncertain of an agent is left to chance."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a task says to the router."""

    task: str
    project: str = ""
    explore: bool = True
    """Never where the agent may do anything."""
    seed: str = ""
    """Of chance: the run's id."""


def rank(asked: Asked, candidates: Sequence[Candidate], preferences: Preferences, known: Knowledge) -> Ranking:
    """Best first. Those that cannot be used are excluded with their own sentence."""
    kind = kind_of(asked.task)
    usable = sorted((one for one in candidates if one.available), key=lambda one: (one.provider, one.model))
    scored = _score(asked, kind, usable, preferences, known)
    ordered = _stated(sorted(scored, key=lambda one: _order(one, preferences, scored)), preferences)
    excluded = [Ranked(candidate=one, score=0.0, reasons=(one.why,)) for one in candidates if not one.available]
    return Ranking(kind=kind, ranked=tuple(ordered), excluded=tuple(excluded), sure=_sure(ordered), turn=_turn(ordered))


def agent_of(candidate: Candidate) -> str:
    """A model that was asked for by name is an agent of its own."""
    return f"{candidate.provider}:{candidate.model}" if candidate.model else candidate.provider


def project_key(folder: str) -> str:
    """A folder's name in knowledge: short, and what is exported does not tell where its user works."""
    return blake2b(folder.encode(), digest_size=4).hexdigest() if folder else ""


def _score(
    asked: Asked, kind: str, usable: Sequence[Candidate], preferences: Preferences, known: Knowledge
) -> list[Ranked]:
    agents = [known.agents.get(agent_of(one)) or Agent() for one in usable]
    costs = _relative([mean_of(one.cost.get(kind), 0.0) for one in agents])
    times = _offsets([mean_of(one.seconds.get(kind), math.nan) for one in agents])
    chance = Random(asked.seed) if asked.explore and preferences.explore > 0 else None  # noqa: S311 - no secret
    weights, ranked = preferences.weights, []
    for candidate, agent, cost, time in zip(usable, agents, costs, times, strict=True):
        guess, weight = prior(candidate.provider, agent, kind)
        expected = expect(known, agent, kind, asked.project, guess, weight)
        reached = mean_of(agent.reached, 1.0)
        parts = {
            "prior": expected.prior,
            "record": expected.record,
            "kind": expected.kind,
            "project": expected.project,
            "cost": -weights.cost * (cost - 1.0),
            "time": -weights.seconds * time,
            "reached": -UNREACHED * (1.0 - reached),
            "chance": preferences.explore * expected.spread * chance.gauss(0.0, 1.0) if chance else 0.0,
        }
        rule = met(preferences.rules, asked.task, candidate.provider) if preferences.rules else None
        ranked.append(_ranked(candidate, kind, asked.project, expected, parts, rule, preferences.default_provider))
    return ranked


def _ranked(
    candidate: Candidate,
    kind: str,
    project: str,
    expected: Expected,
    parts: dict[str, float],
    rule: tuple[int, int] | None,
    default: str,
) -> Ranked:
    reasons = []
    if rule:
        reasons.append(f"your rule matches ({rule[1]})")
    if candidate.provider == default:
        reasons.append("your default provider")
    reasons.append(_sentence(expected, kind))
    reasons += [
        f"{name} {value:+.3f}" for name, value in parts.items() if name not in EXPECTED and abs(value) >= 0.0005
    ]
    return Ranked(
        candidate=candidate,
        score=sum(parts.values()),
        reasons=tuple(reasons),
        parts=parts,
        rule=rule,
        mean=expected.mean,
        spread=expected.spread,
        weight=expected.weight,
        routed=Routed(
            agent=agent_of(candidate), kind=kind, project=project, expected=expected.mean, prior=expected.prior
        ),
        judged=expected.judged,
    )


def _sentence(expected: Expected, kind: str) -> str:
    """What is expected, and what that rests on."""
    if not expected.judged:
        return f"expected {expected.mean:.2f}: a guess, no answer was judged yet"
    of = f"{expected.judged:.1f} judged answers on a prior of {expected.prior:.2f}"
    return f"expected {expected.mean:.2f}: {of}, {kind} {expected.kind:+.2f}, this project {expected.project:+.2f}"


def _stated(ordered: list[Ranked], preferences: Preferences) -> list[Ranked]:
    """The same; a first that is first only by chance says so."""
    if not ordered or not ordered[0].parts["chance"]:
        return ordered
    still = [replace(one, score=one.score - one.parts["chance"]) for one in ordered]
    best, first = min(still, key=lambda one: _order(one, preferences, still)), ordered[0]
    if best.candidate == first.candidate or first.routed is None:
        return ordered
    why = (
        f"tried out by chance, to know more of it (routing.explore): {best.candidate.provider} is expected to be better"
    )
    stated = replace(first, reasons=(why, *first.reasons), routed=replace(first.routed, explored=True))
    return [stated, *ordered[1:]]


def _order(one: Ranked, preferences: Preferences, scored: Sequence[Ranked]) -> tuple[object, ...]:
    """The user's rules first; where nothing is known, or nearly a tie, the default provider."""
    priority, hits = one.rule or (-math.inf, 0)
    best = max(other.score for other in scored)
    default = one.candidate.provider == preferences.default_provider
    ignorant = all(other.weight <= UNKNOWN_WEIGHT for other in scored)
    favoured = default and (ignorant or best - one.score <= TIE)
    return (-priority if one.rule else math.inf, -hits, not favoured, -one.score, one.candidate.provider)


def _relative(costs: Sequence[float]) -> list[float]:
    """In units of their mean; who tells none is taken for average."""
    told = [cost for cost in costs if cost > 0]
    mean = sum(told) / len(told) if told else 1.0
    return [cost / mean if cost > 0 else 1.0 for cost in costs]


def _offsets(times: Sequence[float]) -> list[float]:
    """Of logarithms, from their mean; 0 where nothing is known."""
    told = [time for time in times if not math.isnan(time)]
    mean = sum(told) / len(told) if told else 0.0
    return [0.0 if math.isnan(time) else time - mean for time in times]


def _sure(ordered: Sequence[Ranked]) -> float:
    """How likely it is that the first is better than the second, by what is known; 1 where there is no other."""
    if len(ordered) < 2:
        return 1.0
    first, second = ordered[:2]
    spread = math.hypot(first.spread, second.spread) or 1e-9
    return round((1 + math.erf((first.mean - second.mean) / spread / math.sqrt(2))) / 2, 3)


def _turn(ordered: Sequence[Ranked]) -> str:
    """What it would take to change its mind."""
    if len(ordered) < 2:
        return "nobody else can be used"
    first, second = ordered[:2]
    name = second.candidate.provider
    if first.rule and not second.rule:
        return f"{name} comes next: without your rule, or where it does not match"
    ahead = max(0.0, first.score - second.score)
    low = max(0.05, first.mean - ahead)
    bad = math.ceil(first.weight * (first.mean / low - 1.0)) or 1
    answers = "one bad answer" if bad == 1 else f"about {bad} bad answers in a row"
    return f"{name} comes next: {answers} of {first.candidate.provider} would put it first"
