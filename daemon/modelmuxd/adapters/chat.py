"""The reader that the chat APIs share: what our own program tells of the call, and each server's own events between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from muxwire.words import FaultKind

from modelmuxd.adapters import http_call
from modelmuxd.adapters.jsonl import JsonlReader, JsonObject, first_line, text
from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.trouble import Trouble, killed, last_words, of_exit, settle, unfinished
from modelmuxd.domain.events import Delta, Event, Notice, Started, UsageRead
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage

REFUSAL = "refusal"
_CUT = Trouble("output_limit", "The answer was cut at the model's own limit of tokens.", "Ask for less at a time.")
_FILTERED = Trouble("refused", "The server's own filter stopped the answer.", "Say it differently, or ask another.")
STOPPED: dict[str, Trouble] = {
    "length": _CUT,
    "max_tokens": _CUT,
    "model_length": _CUT,
    "content_filter": _FILTERED,
    "sensitive": _FILTERED,
    REFUSAL: Trouble("refused", "The model refuses.", "Say it differently, or ask another."),
    "tool_calls": Trouble("invalid_request", "The model asked for a tool, and it has none here.", "Ask an agent."),
    "network_error": Trouble("transient", "The server says that its network failed."),
    "insufficient_system_resource": Trouble("overloaded", "The server says that it is out of resources."),
}
"""Reasons to stop that are no end of an answer: OpenAI's, Mistral's (model_length), GLM's (sensitive, network_error)
and DeepSeek's (insufficient_system_resource), by their documentation of 2026-11. What was said before is kept."""


class ChatReader(JsonlReader):
    """Success needs the server's own last word (`finished`) and the end of its stream."""

    codes: ClassVar[dict[str, FaultKind]] = {}
    """The server's error codes, where they tell more than the HTTP status."""

    def __init__(self, provider: str, request: Request) -> None:
        super().__init__()
        self.provider = provider
        self.model = http_call.model_of(request)
        self.usage: Usage | None = None
        self.finished = ""
        """Why the model stopped, once it has."""
        self._session = http_call.session_of(request)
        self._done = False
        self._trouble: Trouble | None = None

    def on_object(self, value: JsonObject) -> Iterator[Event]:
        stage = text(value, "mux")
        if not stage:
            yield from self._server(value)
        elif stage == "asked":
            self.model = text(value, "model") or self.model
            yield Started(session=self._session, model=self.model)
        elif stage == "instead":
            yield Notice(f"Its API cannot be reached; `{first_line(text(value, 'program'))} run` is asked instead.")
        elif stage == "done":
            self._done = True
        else:
            self._trouble = self._named(value)

    def on_event(self, value: JsonObject) -> Iterator[Event]:
        """The events of one of the server's own; must not raise whatever it holds."""
        raise NotImplementedError

    def words(self, body: object) -> tuple[str, str]:
        """What an error body says, and its code."""
        raise NotImplementedError

    def said(self, piece: str) -> Iterator[Event]:
        if piece:
            yield Delta(piece)

    def counted(self, usage: Usage | None) -> Iterator[Event]:
        if usage is not None:
            self.usage = usage
            yield UsageRead(usage)

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        self.finish()
        trouble = of_exit(exit, "", overlong=self.lines.overlong)
        whole = self._done and self.finished and self.finished not in STOPPED
        if not trouble and not (whole and exit.code == 0 and self._trouble is None):
            trouble = self._why(exit, stderr_tail)
        fault = settle(self.provider, trouble) if trouble else None
        return Outcome(fault=fault, session=self._session, model=self.model, usage=self.usage)

    def _server(self, value: JsonObject) -> Iterator[Event]:
        if "error" in value:  # under HTTP 200, once the stream has begun
            self._trouble = self._named({"mux": "failed", "status": 500, "body": value})
            return
        yield from self.on_event(value)

    def _named(self, value: JsonObject) -> Trouble | None:
        said, code = self.words(value.get("body"))
        return http_call.trouble(value, plain(said), code, self.codes)

    def _why(self, exit: Exit, stderr_tail: bytes) -> Trouble:
        if self._trouble is not None and not killed(exit):
            return self._trouble
        if self._done and exit.code == 0 and self.finished:
            return STOPPED[self.finished]
        if self._done and exit.code == 0:
            return Trouble("transient", "The server ended its stream before the answer was finished.")
        return unfinished(exit, last_words(stderr_tail))
