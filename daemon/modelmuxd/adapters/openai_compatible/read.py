"""How to read chat completions as they stream: `choices[0].delta`, and the usage in a last chunk without choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from muxwire.words import FaultKind

from modelmuxd.adapters.chat import REFUSAL, ChatReader
from modelmuxd.adapters.jsonl import JsonObject, compact, count, numbers, rows, table, text
from modelmuxd.domain.events import Event
from modelmuxd.domain.usage import Usage

RULE = "input_includes_cached,output_includes_reasoning"


class CompletionsReader(ChatReader):
    codes: ClassVar[dict[str, FaultKind]] = {
        "Arrearage": "quota",  # an unpaid account, told as HTTP 400
        "insufficient_quota": "quota",
        "DataInspectionFailed": "refused",
        "data_inspection_failed": "refused",
        "content_filter": "refused",
        "invalid_api_key": "auth",
        "InvalidApiKey": "auth",
        "AccessDenied": "auth",
        "Model": "auth",  # Model.AccessDenied
        "Throttling": "rate_limit",
        "rate_limit_exceeded": "rate_limit",
        "context_length_exceeded": "context_too_long",
        "ModelServingError": "overloaded",
        "InternalError": "transient",
    }

    def on_event(self, value: JsonObject) -> Iterator[Event]:
        self.model = text(value, "model") or self.model
        for choice in rows(value, "choices")[:1]:
            piece = table(choice, "delta") or table(choice, "message")
            yield from self.said(text(piece, "content") or text(piece, "refusal"))
            refused = self.finished == REFUSAL or bool(text(piece, "refusal"))
            self.finished = REFUSAL if refused else text(choice, "finish_reason") or self.finished
        yield from self.counted(_usage(table(value, "usage"), self.model))

    def words(self, body: object) -> tuple[str, str]:
        if not isinstance(body, dict):
            return (body if isinstance(body, str) else ""), ""
        error = table(body, "error") or body
        return text(error, "message") or text(body, "error"), text(error, "code") or text(error, "type")


def _usage(said: JsonObject, model: str) -> Usage | None:
    """Cached reads are inside the prompt's tokens, reasoning inside the completion's."""
    total, output = count(said, "prompt_tokens"), count(said, "completion_tokens")
    if not total and not output:
        return None
    cached = min(total, count(table(said, "prompt_tokens_details"), "cached_tokens"))
    reasoning = min(output, count(table(said, "completion_tokens_details"), "reasoning_tokens"))
    return Usage(
        input=total - cached,
        cached=cached,
        output=output - reasoning,
        reasoning=reasoning,
        model=model,
        rule=RULE,
        raw=compact(numbers(said)),
        requests=1,
    )
