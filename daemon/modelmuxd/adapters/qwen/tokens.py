"""Qwen Code's token counts, from the messages themselves.

Not from the `result`: that counts a resumed session from its first turn on.
"""

from __future__ import annotations

from modelmuxd.adapters.jsonl import JsonObject, compact, count, numbers, table
from modelmuxd.domain.usage import Usage

RULE = "sum_of_messages,input_includes_cached,output_includes_reasoning"
_KEYS = ("input_tokens", "cache_read_input_tokens", "output_tokens")


class Counts:
    """What this process's messages used, sub-agents' too."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(_KEYS, 0)

    def add(self, message: JsonObject) -> bool:
        """Whether the message was paid for: one that the CLI made up itself, such as an error text, was not."""
        used = numbers(table(message, "usage"))
        for key in _KEYS:
            self._sums[key] += count(used, key)
        return any(count(used, key) for key in _KEYS)

    def usage(self, model: str) -> Usage | None:
        taken, cached, output = (self._sums[key] for key in _KEYS)
        if not (taken or output):
            return None
        cached, raw = min(cached, taken), compact({**self._sums})
        return Usage(input=taken - cached, cached=cached, output=output, model=model, rule=RULE, raw=raw)
