"""Token counts of ACP agents: of the whole prompt in its answer, or of each model call beside a piece of text."""

from __future__ import annotations

from modelmuxd.adapters.jsonl import JsonObject, compact, count, numbers, rows, table, text
from modelmuxd.domain.usage import Usage

_KEYS = ("inputTokens", "cachedReadTokens", "outputTokens")


def usage_of(result: JsonObject) -> Usage | None:
    """What the answer to a prompt says: `usage` has disjoint buckets; Gemini says it in `_meta.quota`, by model."""
    said = table(result, "usage")
    if said:
        return Usage(
            input=count(said, "inputTokens"),
            cached=count(said, "cachedReadTokens"),
            cache_write=count(said, "cachedWriteTokens"),
            output=count(said, "outputTokens"),
            reasoning=count(said, "thoughtTokens"),
            rule="input_excludes_cached,output_excludes_reasoning",
            raw=compact(numbers(said)),
        )
    quota = table(table(result, "_meta"), "quota")
    total = table(quota, "token_count")
    models = [text(one, "model") for one in rows(quota, "model_usage")]
    if not total:
        return None
    return Usage(
        input=count(total, "input_tokens"),
        output=count(total, "output_tokens"),
        model=models[0] if models else "",
        raw=compact(numbers(total)),
    )


class Calls:
    """The sum of what an agent says of each model call, as Qwen Code does; its input includes what was cached."""

    def __init__(self) -> None:
        self._sums: dict[str, int] = dict.fromkeys(_KEYS, 0)

    def add(self, said: JsonObject) -> None:
        for key in _KEYS:
            self._sums[key] += count(said, key)

    def usage(self) -> Usage | None:
        taken, cached, output = (self._sums[key] for key in _KEYS)
        if not (taken or output):
            return None
        cached = min(cached, taken)
        rule = "sum_of_calls,input_includes_cached,output_includes_reasoning"
        return Usage(input=taken - cached, cached=cached, output=output, rule=rule, raw=compact(dict(self._sums)))
