"""How to read Ollama's stream: lines with `message.content`, the last one `done` with the counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelmuxd.adapters.chat import ChatReader
from modelmuxd.adapters.jsonl import JsonObject, compact, count, numbers, table, text
from modelmuxd.adapters.trouble import Trouble
from modelmuxd.domain.events import Event
from modelmuxd.domain.usage import Usage

_NO_MODEL = re.compile(r"model .*(?:not found|does not exist)", re.IGNORECASE)
_NO_SERVER = re.compile(r"could not connect to ollama|is it running\?", re.IGNORECASE)
"""What the program says when it finds no server either."""

RULE = "input_may_lack_cached"
"""A prompt that is still in the server's memory may be counted short."""


class OllamaReader(ChatReader):
    def on_event(self, value: JsonObject) -> Iterator[Event]:
        self.model = text(value, "model") or self.model
        yield from self.said(text(table(value, "message"), "content"))
        if value.get("done") is True:
            self.finished = text(value, "done_reason") or "stop"
            yield from self.counted(_usage(value, self.model))

    def words(self, body: object) -> tuple[str, str]:
        if not isinstance(body, dict):
            return (body if isinstance(body, str) else ""), ""
        return text(body, "error"), ""

    def _named(self, value: JsonObject) -> Trouble | None:
        trouble = super()._named(value)
        if trouble and _NO_MODEL.search(trouble.message):
            return Trouble("invalid_request", trouble.message, f"Run `ollama pull {self.model}`.")
        if trouble and (text(value, "kind") == "connect" or _NO_SERVER.search(trouble.message)):
            return Trouble("not_installed", "Ollama is not running.", "Start it with `ollama serve`.")
        return trouble


def _usage(said: JsonObject, model: str) -> Usage | None:
    into, out = count(said, "prompt_eval_count"), count(said, "eval_count")
    if not into and not out:
        return None
    return Usage(input=into, output=out, model=model, rule=RULE, raw=compact(numbers(said)), requests=1)
