"""Codex's token counts: totals of the whole thread, made into those of one run."""

from __future__ import annotations

from modelmuxd.adapters.jsonl import JsonObject, compact, count, numbers, parse
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage

_KEYS = ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens")
RULE = "input_includes_cached,output_includes_reasoning"


def usage_of(counted: JsonObject, request: Request) -> Usage | None:
    """What this run used. On resume the CLI counts on from the thread's beginning: what came before is subtracted.

    Where the earlier total is not known, the whole thread's is returned and the rule says `thread_total`.
    """
    raw = numbers(counted)
    if not raw:
        return None
    before = _before(request)
    rule = RULE
    if request.session:
        rule += ",thread_minus_before" if before else ",thread_total"
    now = {key: count(raw, key) for key in _KEYS}
    then = {key: count(before, key) for key in _KEYS}
    if any(now[key] < then[key] for key in _KEYS):
        # The count began anew, as after a compaction: it is this run's own.
        then = dict.fromkeys(_KEYS, 0)
        rule = RULE + ",thread_began_anew"
    return _buckets({key: now[key] - then[key] for key in _KEYS}, rule, compact(raw))


def _before(request: Request) -> JsonObject:
    if not request.session or not request.session_usage:
        return {}
    raw = parse(request.session_usage.raw.encode("utf-8", "replace"))
    return raw if isinstance(raw, dict) else {}


def _buckets(run: dict[str, int], rule: str, raw: str) -> Usage:
    cached, written = run["cached_input_tokens"], run["cache_write_input_tokens"]
    reasoning = min(run["reasoning_output_tokens"], run["output_tokens"])
    return Usage(
        input=max(0, run["input_tokens"] - cached - written),
        cached=cached,
        cache_write=written,
        output=run["output_tokens"] - reasoning,
        reasoning=reasoning,
        rule=rule,
        raw=raw,
        cumulative=True,
    )
