"""opencode's token counts and costs, from the steps of its own session; what its sub-agents used it does not tell."""

from __future__ import annotations

import math

from modelmuxd.adapters.jsonl import JsonObject, compact, count, table
from modelmuxd.domain.usage import Usage

RULE = "sum_of_steps,input_excludes_cached,reasoning_apart"


class Counts:
    """Everything since the start of this process."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(("input", "cached", "cache_write", "output", "reasoning"), 0)
        self._cost = 0.0

    def add(self, step: JsonObject) -> None:
        used = table(step, "tokens")
        cache = table(used, "cache")
        for key in ("input", "output", "reasoning"):
            self._sums[key] += count(used, key)
        self._sums["cached"] += count(cache, "read")
        self._sums["cache_write"] += count(cache, "write")
        cost = step.get("cost")
        if isinstance(cost, (int, float)) and not isinstance(cost, bool) and math.isfinite(cost) and 0 <= cost < 1e6:
            self._cost += cost

    def usage(self, model: str) -> Usage | None:
        sums = self._sums
        if not any(sums.values()):
            return None
        return Usage(
            input=sums["input"],
            cached=sums["cached"],
            cache_write=sums["cache_write"],
            output=sums["output"],
            reasoning=sums["reasoning"],
            model=model,
            rule=RULE,
            raw=compact({**sums}),
        )

    def cost_micros(self) -> int | None:
        """In micro-dollars. 0 is what opencode says of a model whose price it does not know."""
        return round(self._cost * 1_000_000) or None
