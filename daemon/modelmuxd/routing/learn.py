"""From a signal to what is known: sums that fade, per agent, kind of work and project. Pure: the same signals in the
same order always give the same knowledge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from modelmuxd.domain.knowledge import Agent, Evidence, Judged, Knowledge, Measured, Reached, Retracted, Signal

FADE = 0.99
"""What is left of evidence at each later end: the last 69 ends weigh as much as all before them. So a model that has
changed is noticed within tens of runs."""
DAY_TICKS = 2.0
"""A day without work fades like so many ends."""
FADED = 0.02
"""Weight below which something is forgotten."""
MOST_PROJECTS, MOST_OF_ONE = 200, 48
"""Kept in all and of each agent; the least known go first. What fades holds no more: one end adds one."""
DIGITS = 4
"""Of what is kept: nothing rests on more, and knowledge stays small."""

SURPRISES = 24
SPREAD = 0.45
"""Standard deviation of one judgement of an agent that is right about as often as most."""
FEWEST, ALARM = 6, -3.2
"""An agent has changed when its last 6 to 24 answers fall this many standard deviations short of what was expected."""
REMEMBERED = 0.2
"""What is left of the evidence on an agent that has changed."""

_MEASURE_FADE = 0.97
_REACH_FADE = 0.8
"""Whether somebody can be reached is about now."""

V = TypeVar("V")


def learn(known: Knowledge, signal: Signal) -> Knowledge:
    match signal:
        case Judged():
            return _judge(known, signal)
        case Retracted():
            return _retract(known, signal)
        case Measured():
            return _measure(known, signal)
        case Reached():
            return _reach(known, signal)


def faded(evidence: Evidence, tick: int) -> Evidence:
    """As it weighs at this tick."""
    if tick <= evidence.at:
        return evidence
    left: float = FADE ** (tick - evidence.at)
    return Evidence(evidence.total * left, evidence.weight * left, tick)


def added(evidence: Evidence, value: float, weight: float, tick: int) -> Evidence:
    left = FADE ** (tick - evidence.at) if tick > evidence.at else 1.0
    return _kept(evidence.total * left + value * weight, evidence.weight * left + weight, tick)


def _recent(evidence: Evidence, value: float, keep: float, tick: int) -> Evidence:
    """A mean over the newest, whatever goes on elsewhere."""
    return _kept(evidence.total * keep + value, evidence.weight * keep + 1.0, tick)


def _kept(total: float, weight: float, tick: int) -> Evidence:
    return Evidence(round(total, DIGITS), round(weight, DIGITS), tick)


def _reach(known: Knowledge, signal: Reached) -> Knowledge:
    known = _later(known, signal.at)
    agent = known.agents.get(signal.agent, Agent())
    agent = replace(agent, reached=_recent(agent.reached, float(not signal.fault), _REACH_FADE, known.tick))
    return replace(known, agents={**known.agents, signal.agent: agent})


def _later(known: Knowledge, at: float) -> Knowledge:
    days = max(0.0, at - known.last_at) / 86_400 if known.last_at else 0.0
    return replace(known, tick=known.tick + 1 + int(days * DAY_TICKS), last_at=max(at, known.last_at))


def _measure(known: Knowledge, signal: Measured) -> Knowledge:
    agent, tick, kind = known.agents.get(signal.agent, Agent()), known.tick, signal.kind
    seconds = _recent(agent.seconds.get(kind, Evidence()), math.log(signal.seconds + 0.1), _MEASURE_FADE, tick)
    agent = replace(agent, seconds={**agent.seconds, kind: seconds})
    if signal.first_byte is not None:
        first = _recent(agent.first_byte, math.log(signal.first_byte + 0.1), _MEASURE_FADE, tick)
        agent = replace(agent, first_byte=first)
    if signal.cost_micros is not None:
        cost = _recent(agent.cost.get(kind, Evidence()), signal.cost_micros, _MEASURE_FADE, tick)
        agent = replace(agent, cost={**agent.cost, kind: cost})
    return replace(known, agents={**known.agents, signal.agent: agent})


def _judge(known: Knowledge, signal: Judged) -> Knowledge:
    agent = known.agents.get(signal.agent, Agent())
    if signal.source == "benchmark":
        own = agent.benchmark.get(signal.kind, Evidence())
        own = Evidence(own.total + signal.value * signal.weight, own.weight + signal.weight)
        agent = replace(agent, benchmark={**agent.benchmark, signal.kind: own})
        return replace(known, agents={**known.agents, signal.agent: agent})
    tick = known.tick
    agent = _counted(agent, signal, signal.weight, tick)
    surprise = _surprise(signal)
    if surprise is not None:
        agent = replace(agent, surprises=(*agent.surprises, surprise)[-SURPRISES:])
        agent = _changed(agent)
    off, weight = signal.value - signal.expected, signal.weight
    return replace(
        known,
        agents={**known.agents, signal.agent: agent},
        kinds=_with(known.kinds, signal.kind, off, weight, tick),
        projects=_bounded(_with(known.projects, signal.project, off, weight, tick), tick, MOST_PROJECTS),
    )


def _retract(known: Knowledge, signal: Retracted) -> Knowledge:
    """Takes away what is left of an earlier judgement; what it did to the agent's surprises stays."""
    was, tick = signal.judged, known.tick
    agent = known.agents.get(was.agent)
    if agent is None:
        return known
    days = max(0.0, known.last_at - was.at) / 86_400
    left = was.weight * FADE ** int(days * DAY_TICKS)
    off = was.value - was.expected
    return replace(
        known,
        agents={**known.agents, was.agent: _counted(agent, was, -min(left, agent.all.weight), tick)},
        kinds=_with(known.kinds, was.kind, off, -left, tick),
        projects=_with(known.projects, was.project, off, -left, tick),
    )


def _counted(agent: Agent, judged: Judged, weight: float, tick: int) -> Agent:
    beyond = judged.value - judged.prior
    projects = _with(agent.projects, judged.project, beyond, weight, tick)
    return replace(
        agent,
        all=_floor(added(agent.all, beyond, weight, tick)),
        kinds=_with(agent.kinds, judged.kind, beyond, weight, tick),
        projects=_bounded(projects, tick, MOST_OF_ONE),
    )


def _with(known: Mapping[str, Evidence], name: str, value: float, weight: float, tick: int) -> dict[str, Evidence]:
    if not name:
        return dict(known)
    return {**known, name: _floor(added(known.get(name, Evidence(at=tick)), value, weight, tick))}


def _floor(evidence: Evidence) -> Evidence:
    """A retraction never leaves less than nothing."""
    return evidence if evidence.weight >= 0 else Evidence(0.0, 0.0, evidence.at)


def _bounded(known: dict[str, Evidence], tick: int, most: int) -> dict[str, Evidence]:
    if len(known) <= most:
        return known
    weights = {name: faded(one, tick).weight for name, one in known.items()}
    kept = sorted(weights, key=lambda name: -weights[name])[: most * 3 // 4]
    return {name: known[name] for name in kept if weights[name] > FADED}


def _surprise(signal: Judged) -> float | None:
    """How far off the expectation was; a judgement that is hardly to be believed surprises nobody."""
    if signal.weight < 0.6:
        return None
    spread = math.sqrt(max(0.05, signal.expected * (1 - signal.expected)))
    return round((signal.value - signal.expected) / spread, 3)


def _changed(agent: Agent) -> Agent:
    """Forgets most of what was known of an agent that falls short again and again; what it did meanwhile stays."""
    total = 0.0
    for count, surprise in enumerate(reversed(agent.surprises), 1):
        total += surprise
        if count >= FEWEST and total / math.sqrt(count) < ALARM:
            recent = _recent_mean(agent.all, total / count)
            return replace(
                agent,
                all=_shrunk(agent.all, recent, count),
                kinds={name: _shrunk(one, 0.0, 0) for name, one in agent.kinds.items()},
                projects={name: _shrunk(one, 0.0, 0) for name, one in agent.projects.items()},
                surprises=(),
                changed=agent.changed + 1,
            )
    return agent


def _recent_mean(evidence: Evidence, surprise: float) -> float:
    """How far its last answers were from their priors, from how much they surprised."""
    mean = evidence.total / evidence.weight if evidence.weight else 0.0
    return min(1.0, max(-1.0, mean + surprise * SPREAD))


def _shrunk(evidence: Evidence, recent: float, count: int) -> Evidence:
    total = evidence.total * REMEMBERED + recent * count
    return _kept(total, evidence.weight * REMEMBERED + count, evidence.at)
