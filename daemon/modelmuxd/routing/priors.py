"""What is expected of an agent before anybody has judged an answer of it: its benchmark where one was run, else a guess
with a small affinity to kinds of work. Evidence overrides both. Pure.

The affinities are those that 0.29 had as keyword scores, made small: no figure of anybody's is shipped.
"""

from __future__ import annotations

from modelmuxd.domain.knowledge import GUESS, Agent, Evidence
from modelmuxd.routing.expect import PRIOR_WEIGHT, UNKNOWN_WEIGHT

_LIKES: dict[str, frozenset[str]] = {
    "codex": frozenset({"bug", "tests", "terminal", "refactor", "algorithm"}),
    "claude": frozenset({"refactor", "review", "design", "bug"}),
    "gemini": frozenset({"frontend", "question", "prose"}),
    "qwen": frozenset({"cjk"}),
    "dashscope": frozenset({"cjk", "prose"}),
    "ollama": frozenset(),
}
LIKED = 0.03
LOCAL, LOCAL_MODEL = frozenset({"ollama"}), 0.45
"""A model that runs on one's own machine is smaller than the others, until it shows otherwise."""


def prior(name: str, agent: Agent, kind: str) -> tuple[float, float]:
    """What to expect, and how many judged answers that is worth."""
    guess = LOCAL_MODEL if name in LOCAL else GUESS + (LIKED if kind in _LIKES.get(name, frozenset()) else 0.0)
    tried = agent.benchmark.values()
    everything = Evidence(sum(one.total for one in tried), sum(one.weight for one in tried))
    if not everything.weight:
        return guess, UNKNOWN_WEIGHT
    weight = UNKNOWN_WEIGHT + min(everything.weight, PRIOR_WEIGHT - UNKNOWN_WEIGHT)
    mean = (UNKNOWN_WEIGHT * guess + everything.total) / (UNKNOWN_WEIGHT + everything.weight)
    own = agent.benchmark.get(kind)
    if own is not None and own.weight:
        mean = (UNKNOWN_WEIGHT * mean + own.total) / (UNKNOWN_WEIGHT + own.weight)
    return mean, weight
