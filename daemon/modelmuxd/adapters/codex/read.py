"""How to read what Codex prints: whole items, no partial text.

`thread.started`, `turn.started`, `item.started|updated|completed`, top-level `error`, and last `turn.completed` or
`turn.failed`. An *item* of type `error` is only a warning; a top-level `error` is a retry notice or repeats the reason
of `turn.failed`. The final text is the last `agent_message`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelmuxd.adapters.asking import chosen_model
from modelmuxd.adapters.codex import faults
from modelmuxd.adapters.codex.tokens import usage_of
from modelmuxd.adapters.jsonl import JsonlReader, JsonObject, first_line, rows, table, text
from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.trouble import Trouble, killed, last_words, of_exit, settle, unfinished
from modelmuxd.adapters.waits import read_wait
from modelmuxd.domain.events import Event, Limit, Message, Notice, Started, Tool, UsageRead
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage

_STATUS = {"in_progress": "started", "completed": "completed", "failed": "failed", "declined": "failed"}
_RETRY = re.compile(r"Reconnecting\.\.\. (?:\d+/\d+|waiting for network)")


class CodexReader(JsonlReader):
    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request
        self._session = request.session
        self._usage: Usage | None = None
        self._completed = False
        self._failed = False
        self._said = ""
        """The last error in words, for a run that never comes to its end."""

    def on_object(self, value: JsonObject) -> Iterator[Event]:
        kind = text(value, "type")
        if kind == "thread.started":
            self._session = text(value, "thread_id") or self._session
            yield Started(session=self._session, model=chosen_model(self._request))
        elif kind.startswith("item."):
            yield from self._item(kind, table(value, "item"))
        elif kind == "error":
            yield from self._error(_message(value))
        elif kind == "turn.failed":
            self._completed, self._failed = False, True
            self._said = _message(table(value, "error")) or _message(value) or self._said
        elif kind == "turn.completed":
            self._completed, self._failed = True, False
            yield from self._count(table(value, "usage"))

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        self.finish()
        trouble = of_exit(exit, plain(self._said), overlong=self.lines.overlong)
        if not trouble and not (self._completed and exit.code == 0):
            trouble = self._why(exit, stderr_tail)
        return Outcome(
            fault=settle("codex", trouble) if trouble else None,
            session=self._session,
            model=chosen_model(self._request),
            usage=self._usage,
        )

    def _why(self, exit: Exit, stderr_tail: bytes) -> Trouble:
        said = self._said or last_words(stderr_tail, faults.NOISE)
        known = None
        if self._failed or not killed(exit):
            known = faults.name(said, self._failed, self._request.started_at)
        return known or unfinished(exit, plain(said))

    def _item(self, kind: str, item: JsonObject) -> Iterator[Event]:
        what = text(item, "type")
        if what == "agent_message" and kind == "item.completed":
            yield Message(text(item, "text"))
        elif what == "error" and kind == "item.completed":
            yield Notice(plain(_message(item)))
        elif kind != "item.updated" and (tool := _tool(what, item)):
            name, detail = tool
            status = _STATUS.get(text(item, "status")) or ("started" if kind == "item.started" else "completed")
            yield Tool(name, status, first_line(detail))

    def _error(self, said: str) -> Iterator[Event]:
        self._said = said or self._said
        if not _RETRY.match(said):
            return
        trouble = faults.of_words(said)
        if trouble and trouble.kind in ("rate_limit", "quota", "overloaded"):
            wait = read_wait(said, self._request.started_at)
            yield Limit(trouble.kind, plain(said), wait.retry_after, wait.resets_at)
        else:
            yield Notice(plain(said))

    def _count(self, counted: JsonObject) -> Iterator[Event]:
        self._usage = usage_of(counted, self._request)
        if self._usage:
            yield UsageRead(self._usage)


def _message(value: JsonObject) -> str:
    """An error's words: `{"message": …}`, or one level deeper."""
    return text(value, "message") or text(table(value, "error"), "message")


def _tool(what: str, item: JsonObject) -> tuple[str, str] | None:
    """Name and detail of an item that is work with a tool; None for others."""
    if what == "command_execution":
        return "shell", text(item, "command")
    if what == "file_change":
        return "edit", ", ".join(f"{text(change, 'kind')} {text(change, 'path')}" for change in rows(item, "changes"))
    if what == "mcp_tool_call":
        return f"{text(item, 'server')}.{text(item, 'tool')}", text(table(item, "error"), "message")
    if what == "collab_tool_call":
        return text(item, "tool") or what, text(item, "prompt")
    return ("web_search", text(item, "query")) if what == "web_search" else None
