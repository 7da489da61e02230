"""How to read Claude Code's stream.

`system` (init, api_retry, …), `stream_event` (the API's own events, for deltas), `assistant` and `user` messages,
`rate_limit_event`, and last one `result`. A `parent_tool_use_id` marks what a sub-agent does: its text is not the
answer. `result.subtype` is "success" even when the call failed: `is_error` tells.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import ClassVar

from modelmuxd.adapters.asking import chosen_model
from modelmuxd.adapters.claude import faults
from modelmuxd.adapters.claude.tokens import cost_of, usage_of
from modelmuxd.adapters.jsonl import JsonlReader, JsonObject, compact, first_line, rows, table, text
from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.trouble import Trouble, killed, last_words, of_exit, settle, unfinished
from modelmuxd.adapters.waits import NO_WAIT, Wait, epoch, seconds
from modelmuxd.domain.bill import Billing
from modelmuxd.domain.events import Delta, Event, Limit, Message, Notice, Started, Tool, UsageRead
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage

_CALLS = 256
"""Tool calls whose names are remembered until their results come."""
_DETAILS = ("command", "file_path", "pattern", "path", "url", "query", "description", "prompt")
_SYNTHETIC = "<synthetic>"
"""The "model" of messages that the CLI makes up itself, such as error texts."""


class ClaudeReader(JsonlReader):
    """Also the ground of those who print the same shape: what differs there is `provider`, `_why`, `_used`, `_cost`."""

    provider: ClassVar[str] = "claude"

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request
        self._session = request.session
        self._model = chosen_model(request)
        self._calls: OrderedDict[str, str] = OrderedDict()
        self._answer = hash("")
        """Of the last message, to tell whether the result repeats it; the text itself may be megabytes."""
        self._error = ""
        self._said = ""
        self._wait = NO_WAIT
        self._result: JsonObject | None = None
        self._billing: Billing = "unknown"

    def on_object(self, value: JsonObject) -> Iterator[Event]:
        kind, main = text(value, "type"), not value.get("parent_tool_use_id")
        if kind == "system":
            yield from self._system(value)
        elif kind == "stream_event" and main:
            yield from _delta(table(value, "event"))
        elif kind == "assistant":
            yield from self._assistant(value, main)
        elif kind == "user":
            yield from self._tool_results(rows(table(value, "message"), "content"))
        elif kind == "rate_limit_event":
            yield from self._limit(table(value, "rate_limit_info"))
        elif kind == "result":
            yield from self._end(value)

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        self.finish()
        result = self._result or {}
        trouble = of_exit(exit, plain(self._said), overlong=self.lines.overlong)
        if not trouble and not (result.get("is_error") is False and exit.code == 0):
            trouble = self._why(exit, stderr_tail)
        if not trouble and text(result, "stop_reason") == "refusal":
            trouble = Trouble("refused", "The model refused to answer.", faults.REFUSED)
        return Outcome(
            fault=settle(self.provider, trouble) if trouble else None,
            session=self._session,
            model=self._model,
            usage=self._used(result),
            cost_micros=self._cost(result),
            billing=self._billing,
        )

    def _used(self, result: JsonObject) -> Usage | None:
        return usage_of(result, self._model)

    def _cost(self, result: JsonObject) -> int | None:
        return cost_of(result)

    def _why(self, exit: Exit, stderr_tail: bytes) -> Trouble:
        known = None
        if self._result and self._result.get("is_error") is not False:
            known = faults.of_result(self._result, self._error, self._wait, self._request.started_at)
        said = self._said or last_words(stderr_tail)
        if not known and not killed(exit):
            known = faults.of_words(said, self._request.started_at)
        return known or unfinished(exit, plain(said))

    def _system(self, value: JsonObject) -> Iterator[Event]:
        subtype = text(value, "subtype")
        if subtype == "init":
            self._session = text(value, "session_id") or self._session
            self._model = text(value, "model") or self._model
            if text(value, "apiKeySource") not in ("", "none"):  # `none` is a plan, a gateway or a cloud
                self._billing = "metered"
            yield Started(session=self._session, model=self._model)
        elif subtype == "api_retry":
            yield self._retry(value)
        elif subtype == "model_fallback":
            yield Notice(plain(text(value, "content")) or "Claude Code switched to its fallback model.")

    def _retry(self, value: JsonObject) -> Event:
        delay = value.get("retry_delay_ms")
        after = seconds(delay / 1000) if isinstance(delay, (int, float)) and not isinstance(delay, bool) else None
        status = value.get("error_status")
        kind = faults.kind_of(text(value, "error"), status)
        self._said = (
            f"{text(value, 'error') or 'error'}, HTTP {status if isinstance(status, int) else '-'}, trying again"
        )
        if kind not in ("rate_limit", "overloaded", "quota"):
            return Notice(plain(self._said))
        if kind == "rate_limit":
            self._wait = Wait(retry_after=after)
        return Limit(kind, plain(self._said), retry_after=after)

    def _limit(self, info: JsonObject) -> Iterator[Event]:
        """A plan's windows; `allowed` only says when the present one ends."""
        if text(info, "status") == "allowed":
            return
        window = text(info, "rateLimitType") or "usage"
        resets = epoch(info.get("resetsAt"))
        if text(info, "status") == "rejected":
            self._wait = Wait(resets_at=resets)
        yield Limit(
            "quota", f"Claude plan: {first_line(window)} limit {first_line(text(info, 'status'))}", None, resets
        )

    def _assistant(self, value: JsonObject, main: bool) -> Iterator[Event]:
        message = table(value, "message")
        content = rows(message, "content")
        said = "".join(text(block, "text") for block in content if text(block, "type") == "text")
        if main and (text(value, "error") or text(message, "model") == _SYNTHETIC):
            self._error, self._said = text(value, "error"), said or self._said
            yield Notice(plain(said))
            return
        if main:
            self._model = text(message, "model") or self._model
            if said:
                self._answer = hash(said)
                yield Message(said)
        for block in content:
            if text(block, "type") == "tool_use":
                yield self._tool_call(block)

    def _tool_call(self, block: JsonObject) -> Event:
        name, given = text(block, "name"), table(block, "input")
        self._calls[text(block, "id")] = name
        if len(self._calls) > _CALLS:
            self._calls.popitem(last=False)
        return Tool(name, "started", next((first_line(text(given, key)) for key in _DETAILS if text(given, key)), ""))

    def _tool_results(self, content: list[JsonObject]) -> Iterator[Event]:
        for block in content:
            if text(block, "type") == "tool_result":
                failed = block.get("is_error") is True
                name = self._calls.pop(text(block, "tool_use_id"), "")
                yield Tool(
                    name, "failed" if failed else "completed", first_line(text(block, "content")) if failed else ""
                )

    def _end(self, value: JsonObject) -> Iterator[Event]:
        self._session = text(value, "session_id") or self._session
        answer = text(value, "result")
        structured = value.get("structured_output")
        if not answer and isinstance(structured, dict):
            answer = compact(structured)
        if value.get("is_error") is False and answer and hash(answer) != self._answer:
            self._answer = hash(answer)
            yield Message(answer)
        self._result = {key: found for key, found in value.items() if key not in ("result", "structured_output")}
        self._result["said"] = answer[:4000]
        if usage := self._used(value):
            yield UsageRead(usage)


def _delta(event: JsonObject) -> Iterator[Event]:
    """Only the text that is shown: thinking and tool arguments have deltas of their own."""
    piece = table(event, "delta")
    if text(event, "type") == "content_block_delta" and text(piece, "type") == "text_delta" and text(piece, "text"):
        yield Delta(text(piece, "text"))
