"""What routing knows of the agents, and the signals that it learns from.

A signal is kept in the same transaction as the outcome that it tells of; knowledge is what comes of the signals in
their order, so that replaying them gives the same again.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Source = Literal["outcome", "verify", "rating", "apply", "discard", "retry", "comparison", "benchmark"]
"""Where a judgement comes from."""

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Amount = Annotated[float, Meta(ge=0.0, le=1e15)]

GUESS = 0.6
"""What to expect of an agent that nothing is known of."""


class Judged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """How good an answer was."""

    at: float
    """Unix time."""
    agent: str
    """The provider, with the model where one was asked for: `codex`, `codex:gpt-5.1`."""
    value: Share
    """1: as good as can be; 0: of no use."""
    weight: Share = 1.0
    """How much it is to be believed; a check that ran counts 1."""
    source: Source
    kind: str = ""
    """Kind of work, as `routing.kinds` names it; empty when that is not known."""
    project: str = ""
    expected: Share = 0.5
    """What was expected of this agent when it was chosen."""
    prior: Share = GUESS
    """What would have been expected of it at this kind of work without any evidence."""
    run_id: str = ""


class Measured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """What an answer took."""

    at: float
    agent: str
    kind: str = ""
    seconds: Amount
    """From the agent's start to its end."""
    first_byte: Amount | None = None
    """Seconds until it said anything."""
    cost_micros: Amount | None = None
    """Micro-dollars; None when nobody knows."""
    retries: Amount = 0
    """Attempts of the same run that came before at the same provider."""
    run_id: str = ""


class Reached(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """Whether the agent could be asked at all. Says nothing of how good it is."""

    at: float
    agent: str
    fault: str = ""
    """Why not: a fault kind such as `quota`; empty when it answered."""
    run_id: str = ""


class Retracted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A judgement that was taken back: its user has given another one of the same answer."""

    at: float
    judged: Judged


Signal = Judged | Measured | Reached | Retracted


class Routed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the router thought of an attempt when it chose it: kept with the attempt, since judgements come later."""

    agent: str
    kind: str = ""
    project: str = ""
    expected: Share = 0.5
    prior: Share = GUESS
    explored: bool = False

    def judged(self, source: Source, value: float, *, at: float, run_id: str, weight: float = 1.0) -> Judged:
        """The judgement of this attempt's answer."""
        return Judged(
            at=at,
            agent=self.agent,
            value=value,
            weight=weight,
            source=source,
            kind=self.kind,
            project=self.project,
            expected=self.expected,
            prior=self.prior,
            run_id=run_id,
        )


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """A sum that fades: `total` over `weight`, as it stood at the tick `at`."""

    total: float = 0.0
    weight: float = 0.0
    at: int = 0


class Agent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one agent."""

    all: Evidence = Evidence()
    """Judgements less their priors, as all sums of judgements here: what is hard by nature is not held against it."""
    kinds: dict[str, Evidence] = {}
    projects: dict[str, Evidence] = {}
    surprises: tuple[float, ...] = ()
    """The newest judgements, less what was expected, in units of their spread; oldest first."""
    benchmark: dict[str, Evidence] = {}
    """By kind. A benchmark is taken as it is: it does not fade, a newer one is added."""
    seconds: dict[str, Evidence] = {}
    """Logarithms of the seconds that answers took, by kind."""
    first_byte: Evidence = Evidence()
    """Logarithms of the seconds until it said anything."""
    cost: dict[str, Evidence] = {}
    """Micro-dollars, by kind."""
    reached: Evidence = Evidence()
    """How often it could be asked."""
    changed: int = 0
    """How often it was seen to have changed."""


class Knowledge(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is known. A small value: what has faded is dropped."""

    tick: int = 0
    """Grows with each signal of an end, and by itself with the days."""
    last_at: float = 0.0
    """Unix time of the newest signal."""
    agents: dict[str, Agent] = {}
    kinds: dict[str, Evidence] = {}
    """How much better or worse than expected answers of this kind are, whoever gives them."""
    projects: dict[str, Evidence] = {}
