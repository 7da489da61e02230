"""How to read Gemini CLI's stream.

`init`, `message` (the user's is the echo of the prompt; the assistant's are deltas), `tool_use`, `tool_result`, `error`
and last `result`. The answer is all deltas joined. When the API's stream breaks and the CLI tries again, what it had
printed stays and no event says so: such an answer holds a false start that nobody can see from here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from modelmuxd.adapters.asking import chosen_model
from modelmuxd.adapters.gemini import faults
from modelmuxd.adapters.gemini.tokens import answering_model, usage_of
from modelmuxd.adapters.jsonl import JsonlReader, JsonObject, first_line, table, text
from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.trouble import Trouble, of_exit, settle
from modelmuxd.domain.events import Delta, Event, Message, Notice, Started, Tool, UsageRead
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage

_CALLS = 256
"""Tool calls whose names are remembered until their results come."""
_DETAILS = ("command", "file_path", "dir_path", "path", "pattern", "query", "prompt", "description")
_AUTO = "auto"
"""What `init` calls a model that a router is still to choose."""


class GeminiReader(JsonlReader):
    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request
        self._session = request.session
        self._model = chosen_model(request)
        self._calls: OrderedDict[str, str] = OrderedDict()
        self._usage: Usage | None = None
        self._status = ""
        self._error: JsonObject = {}
        self._cut = ""
        """An `error` event that makes the answer worthless, whatever `result` says."""

    def on_object(self, value: JsonObject) -> Iterator[Event]:
        kind = text(value, "type")
        if kind == "init":
            self._session = text(value, "session_id") or self._session
            named = text(value, "model")
            self._model = named if named and named != _AUTO else self._model
            yield Started(session=self._session, model=self._model)
        elif kind == "message" and text(value, "role") == "assistant" and text(value, "content"):
            whole = value.get("delta") is not True
            yield Message(text(value, "content")) if whole else Delta(text(value, "content"))
        elif kind == "tool_use":
            yield self._tool_call(value)
        elif kind == "tool_result":
            yield self._tool_result(value)
        elif kind == "error":
            yield self._warning(value)
        elif kind == "result":
            yield from self._end(value)

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        self.finish()
        trouble = of_exit(exit, plain(self._cut), overlong=self.lines.overlong) or self._why(exit, stderr_tail)
        return Outcome(
            fault=settle("gemini", trouble) if trouble else None,
            session=self._session,
            model=self._model,
            usage=self._usage,
        )

    def _why(self, exit: Exit, stderr_tail: bytes) -> Trouble | None:
        if self._request.sandbox != "full" and faults.IGNORED_POLICY.search(stderr_tail):
            return Trouble("sandbox_denied", faults.OVERRULED, "Use another provider, or sandbox 'full'.")
        if self._cut:
            return faults.of_cut(self._cut)
        if self._status == "success" and exit.code == 0:
            return None
        return faults.name(self._status, self._error, exit, stderr_tail, self._request.started_at)

    def _tool_call(self, value: JsonObject) -> Event:
        name, given = text(value, "tool_name"), table(value, "parameters")
        self._calls[text(value, "tool_id")] = name
        if len(self._calls) > _CALLS:
            self._calls.popitem(last=False)
        return Tool(name, "started", next((first_line(text(given, key)) for key in _DETAILS if text(given, key)), ""))

    def _tool_result(self, value: JsonObject) -> Event:
        name = self._calls.pop(text(value, "tool_id"), "")
        if text(value, "status") != "error":
            return Tool(name, "completed")
        return Tool(name, "failed", first_line(text(table(value, "error"), "message") or text(value, "output")))

    def _warning(self, value: JsonObject) -> Event:
        said = text(value, "message")
        if text(value, "severity") == "error" or faults.CUT.search(said):
            self._cut = said or "an error without words"
        return Notice(plain(said))

    def _end(self, value: JsonObject) -> Iterator[Event]:
        self._status = text(value, "status")
        self._error = table(value, "error")
        stats = table(value, "stats")
        spoke = answering_model(stats)
        if self._status == "success":
            self._model = spoke or self._model  # else it was but the router that spoke
        self._usage = usage_of(stats, spoke)
        if self._usage:
            yield UsageRead(self._usage)
