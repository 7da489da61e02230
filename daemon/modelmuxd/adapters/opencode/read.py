"""How to read `opencode run --format json`.

`step_start`, `text`, `tool_use` (when it has ended), `step_finish`, `error`; of our own plugin `model` and `retry`.
A step that ends for `tool-calls` is followed by another; the last one's texts are the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelmuxd.adapters.asking import chosen_model
from modelmuxd.adapters.jsonl import JsonlReader, JsonObject, first_line, table, text
from modelmuxd.adapters.opencode import faults
from modelmuxd.adapters.opencode.ask import PROFILE
from modelmuxd.adapters.opencode.tokens import Counts
from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.trouble import Trouble, killed, last_words, of_exit, settle, unfinished
from modelmuxd.domain.events import Event, Limit, Message, Notice, Started, Tool, UsageRead
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request

_DETAILS = ("command", "filePath", "path", "pattern", "url", "query", "description", "prompt")
_GOES_ON = "tool-calls"


class OpencodeReader(JsonlReader):
    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request
        self._session = request.session
        self._model = chosen_model(request)
        self._heard = ""
        """The session of this process; `_told` is what was said of it."""
        self._told = ("", "")
        self._counts = Counts()
        self._texts: list[str] = []
        """Of the present step."""
        self._finish = ""
        self._trouble: JsonObject = {}
        """The last `error` event's error, or the `retry` event itself."""

    def on_object(self, value: JsonObject) -> Iterator[Event]:
        yield from self._began(value)
        kind, part = text(value, "type"), table(value, "part")
        if kind == "step_start":
            self._texts, self._finish = [], ""
        elif kind == "text" and text(part, "text"):
            self._texts.append(text(part, "text"))
            yield Message("".join(self._texts))
        elif kind == "tool_use":
            yield _tool(part)
        elif kind == "step_finish":
            yield from self._step(part)
        elif kind == "error":
            self._trouble = table(value, "error")
            yield Notice(plain(text(table(self._trouble, "data"), "message") or text(self._trouble, "name")))
        elif kind == "retry":
            yield self._retry(value)

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        self.finish()
        said = text(table(self._trouble, "data"), "message")
        trouble = of_exit(exit, plain(said), overlong=self.lines.overlong) or self._why(exit, stderr_tail)
        return Outcome(
            fault=settle("opencode", trouble) if trouble else None,
            session=self._session,
            model=self._model,
            usage=self._counts.usage(self._model),
            cost_micros=self._counts.cost_micros(),
        )

    def _why(self, exit: Exit, stderr_tail: bytes) -> Trouble | None:
        began = self._request.started_at
        if text(self._trouble, "type") == "retry":
            return faults.of_retry(table(self._trouble, "status"))
        if self._trouble:
            return faults.of_error(self._trouble, stderr_tail, began)
        if exit.code == 0 and self._finish and self._finish != _GOES_ON:
            return faults.of_finish(self._finish)
        known = None if killed(exit) else faults.of_words(stderr_tail, began)
        return known or unfinished(exit, last_words(stderr_tail))

    def _began(self, value: JsonObject) -> Iterator[Event]:
        """Every event names its session, ours first; our plugin names the model, and speaks of sub-agents' too."""
        session, model = text(value, "sessionID"), self._model
        self._heard = self._heard or session
        if not session or session != self._heard:
            return
        if text(value, "type") == "model":
            model = text(value, "model").removeprefix(f"{PROFILE}/") or model
        if (session, model) != self._told:
            self._session, self._model = self._told = (session, model)
            yield Started(session=session, model=model)

    def _step(self, part: JsonObject) -> Iterator[Event]:
        self._finish = text(part, "reason") or "unknown"
        self._counts.add(part)
        if usage := self._counts.usage(self._model):
            yield UsageRead(usage)

    def _retry(self, value: JsonObject) -> Event:
        self._trouble = value
        trouble = faults.of_retry(table(value, "status"))
        if trouble.kind in ("rate_limit", "quota", "overloaded"):
            return Limit(trouble.kind, plain(trouble.message), None, trouble.wait.resets_at)
        return Notice(plain(trouble.message))


def _tool(part: JsonObject) -> Event:
    name, state = text(part, "tool"), table(part, "state")
    given = table(state, "input")
    if text(state, "status") == "error":
        return Tool(name, "failed", first_line(text(state, "error")))
    return Tool(name, "completed", next((first_line(text(given, key)) for key in _DETAILS if text(given, key)), ""))
