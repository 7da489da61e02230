"""Gemini CLI's token counts, from the `stats` of its `result`."""

from __future__ import annotations

import msgspec

from modelmuxd.adapters.jsonl import JsonObject, compact, count, numbers, table
from modelmuxd.domain.usage import Usage

RULE = "input_includes_cached,reasoning_is_total_minus_input_minus_output"


def usage_of(stats: JsonObject, model: str) -> Usage | None:
    """What the run used, all models together: the router that chooses the model costs tokens too.

    Thinking is counted only in the total.
    """
    if not any(count(stats, key) for key in ("total_tokens", "input_tokens", "output_tokens")):
        return None
    models = {name: numbers(found) for name, found in table(stats, "models").items() if isinstance(found, dict)}
    whole = _buckets(stats, model)
    shares = tuple(_buckets(found, name) for name, found in models.items()) if len(models) > 1 else ()
    raw = {**numbers(stats), "models": models}
    return msgspec.structs.replace(whole, rule=RULE, raw=compact(raw), shares=shares)


def _buckets(stats: JsonObject, model: str) -> Usage:
    total, taken, output = count(stats, "total_tokens"), count(stats, "input_tokens"), count(stats, "output_tokens")
    cached = min(count(stats, "cached"), taken)
    reasoning = max(0, total - taken - output)
    return Usage(input=taken - cached, cached=cached, output=output, reasoning=reasoning, model=model)


def answering_model(stats: JsonObject) -> str:
    """The model that answered: the last in the list with output, since the router comes first and a fallback last."""
    models = table(stats, "models")
    spoke = [name for name, found in models.items() if isinstance(found, dict) and count(found, "output_tokens")]
    return spoke[-1] if spoke else ""
