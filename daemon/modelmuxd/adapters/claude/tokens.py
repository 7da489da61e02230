"""Claude Code's token counts and costs, from the `result`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from modelmuxd.adapters.jsonl import JsonObject, compact, count, numbers, table
from modelmuxd.domain.usage import Usage

RULE = "input_excludes_cached,output_includes_reasoning"
_MODEL_KEYS = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens", "outputTokens")
_PLAIN_KEYS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")


def usage_of(result: JsonObject, model: str) -> Usage | None:
    """What the process used, sub-agents and all models together.

    From `modelUsage`: `usage` leaves out sub-agents, and is all zeros after a stream that broke and was redone.
    Reasoning is inside the output. A resumed session counts only its own turn.
    """
    by_model = table(result, "modelUsage")
    raw = {name: numbers(found) for name, found in by_model.items() if isinstance(found, dict)}
    totals = [sum(count(found, key) for found in raw.values()) for key in _MODEL_KEYS]
    record: JsonObject = raw
    if not raw:
        record = numbers(table(result, "usage"))
        totals = [count(record, key) for key in _PLAIN_KEYS]
    if not any(totals):
        return None
    fresh, cached, written, output = totals
    hour = min(written, count(table(table(result, "usage"), "cache_creation"), "ephemeral_1h_input_tokens"))
    return Usage(
        input=fresh,
        cached=cached,
        cache_write=written,
        output=output,
        model=model,
        rule=RULE,
        raw=compact(record),
        shares=_shares(raw, model, hour) if len(raw) > 1 else (),
        cache_write_hour=hour,
    )


def _shares(by_model: Mapping[str, JsonObject], main: str, hour: int) -> tuple[Usage, ...]:
    """What each model used, a small one for titles and a sub-agent's own among them. How long a cache keeps something
    is told of all together; it is the main one's, as far as that has written so much."""
    counted = {model: [count(found, key) for key in _MODEL_KEYS] for model, found in by_model.items()}
    return tuple(
        Usage(
            input=fresh,
            cached=cached,
            cache_write=written,
            output=output,
            model=model,
            cache_write_hour=min(hour, written) if _base(model) == _base(main) else 0,
        )
        for model, (fresh, cached, written, output) in counted.items()
    )


def _base(model: str) -> str:
    """A model's name without the size of its window: `claude-opus-4-8[1m]` answers as `claude-opus-4-8`."""
    return model.partition("[")[0]


def cost_of(result: JsonObject) -> int | None:
    """`total_cost_usd` in micro-dollars, rounded half to even.

    It counts the process, so that it would be cumulative only with several turns in one process, which we do not do.
    """
    cost = result.get("total_cost_usd")
    if isinstance(cost, bool) or not isinstance(cost, (int, float)) or not math.isfinite(cost) or not 0 <= cost < 1e6:
        return None
    return round(cost * 1_000_000)
