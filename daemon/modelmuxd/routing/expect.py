"""What is expected of an agent at a task: from the prior down to its kind of work and its project, each step shrunk
towards the one before by how little is known. Pure.

Kinds and projects differ in difficulty for everybody, which is known from all agents together; only what an agent does
beyond that is its own.
"""

from __future__ import annotations

import math

import msgspec

from modelmuxd.domain.knowledge import Agent, Evidence, Knowledge
from modelmuxd.routing.learn import FADE, FADED

PRIOR_WEIGHT = 20.0
"""How many judged answers the prior is worth."""
UNKNOWN_WEIGHT = 10.0
"""The same where no prior was measured, only a guess."""
KIND_WEIGHT = 20.0
"""How many answers of a kind it takes until they count as much as all others together."""
PROJECT_WEIGHT = 40.0
EASE_WEIGHT = 10.0
TRUST = 0.75
"""How much of a contradiction is held against the prior."""


class Expected(msgspec.Struct, frozen=True):
    """How good an answer will be, 0 to 1, and what that rests on."""

    mean: float
    weight: float
    """How many judged answers stand behind it, the prior's worth among them."""
    judged: float
    """The same without the prior; old ones count less."""
    prior: float
    record: float
    """What all its answers add to the prior, or take."""
    kind: float
    """What its answers at this kind of work do beyond that."""
    project: float
    ease: float
    """Of both, what they are for everybody."""

    @property
    def spread(self) -> float:
        return math.sqrt(self.mean * (1.0 - self.mean) / (self.weight + 1.0))


def expect(known: Knowledge, agent: Agent, kind: str, project: str, prior: float, prior_weight: float) -> Expected:
    tick = known.tick
    total, weight = left(agent.all, tick)
    prior_weight = trusted(prior, prior_weight, total, weight)
    beyond = total / (prior_weight + weight)
    kind_ease, project_ease = ease(known.kinds.get(kind), tick), ease(known.projects.get(project), tick)
    with_kind, kind_weight = shrunk(beyond + kind_ease, agent.kinds.get(kind), KIND_WEIGHT, tick)
    own, project_weight = shrunk(with_kind + project_ease, agent.projects.get(project), PROJECT_WEIGHT, tick)
    mean = min(0.99, max(0.01, prior + own))
    return Expected(
        mean=mean,
        weight=weight + prior_weight + kind_weight + project_weight,
        judged=weight,
        prior=prior,
        record=beyond,
        kind=with_kind - beyond,
        project=mean - prior - with_kind,
        ease=kind_ease + project_ease,
    )


def trusted(prior: float, prior_weight: float, total: float, weight: float) -> float:
    """What the prior is worth beside answers that contradict it: less with the square of how far they are off,
    in units of what chance explains."""
    if weight < 1.0:
        return prior_weight
    off = total / weight
    chance = max(0.05, prior * (1.0 - prior)) * (1.0 / weight + 1.0 / prior_weight)
    return prior_weight / max(1.0, TRUST * off * off / chance)


def left(evidence: Evidence | None, tick: int) -> tuple[float, float]:
    """Total and weight as they stand at this tick."""
    if evidence is None or evidence.weight <= FADED:
        return 0.0, 0.0
    factor = FADE ** (tick - evidence.at) if tick > evidence.at else 1.0
    return evidence.total * factor, evidence.weight * factor


def ease(evidence: Evidence | None, tick: int) -> float:
    total, weight = left(evidence, tick)
    return total / (EASE_WEIGHT + weight)


def shrunk(base: float, evidence: Evidence | None, worth: float, tick: int) -> tuple[float, float]:
    total, weight = left(evidence, tick)
    return (worth * base + total) / (worth + weight), weight


def mean_of(evidence: Evidence | None, otherwise: float) -> float:
    return evidence.total / evidence.weight if evidence is not None and evidence.weight > FADED else otherwise
