"""How to read Qwen Code's stream: Claude Code's, but for the errors, the counts and the cost.

An error of the API's is part of the answer, with `is_error: false` and exit 0. Only that nobody has paid for such a
message tells it from a model that says the same words.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelmuxd.adapters.claude.read import ClaudeReader
from modelmuxd.adapters.jsonl import JsonObject, rows, table, text
from modelmuxd.adapters.qwen import faults
from modelmuxd.adapters.qwen.tokens import Counts
from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.trouble import Trouble, killed, last_words, unfinished
from modelmuxd.domain.events import Event, Notice
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage


class QwenReader(ClaudeReader):
    provider = "qwen"

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._counts = Counts()
        self._api_error = ""

    def _assistant(self, value: JsonObject, main: bool) -> Iterator[Event]:
        message = table(value, "message")
        paid = self._counts.add(message)
        said = "".join(text(block, "text") for block in rows(message, "content"))
        found = faults.IN_ANSWER.search(said[-5000:]) if main and not paid else None
        self._api_error = found["said"] if found else ""
        if found:
            yield Notice(plain(found["said"]))
        else:
            yield from super()._assistant(value, main)

    def _end(self, value: JsonObject) -> Iterator[Event]:
        if self._api_error:
            value = {**value, "is_error": True}
        yield from super()._end(value)

    def _used(self, result: JsonObject) -> Usage | None:
        return self._counts.usage(self._model)

    def _cost(self, result: JsonObject) -> int | None:
        return None

    def _why(self, exit: Exit, stderr_tail: bytes) -> Trouble:
        if self._api_error:
            return faults.of_api(self._api_error, self._request.started_at)
        said = text(table(self._result or {}, "error"), "message") or last_words(stderr_tail)
        known = None if killed(exit) else faults.of_words(said, self._request.started_at)
        return known or unfinished(exit, plain(said))
