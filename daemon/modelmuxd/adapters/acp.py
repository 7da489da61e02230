"""An agent that speaks the Agent Client Protocol: `[acp_agents.NAME]`, asked by a program of ours (runner/acp.py).

Read from recordings of seven agents (2026-11: codex-acp, claude-agent-acp, gemini, opencode, qwen). Permission requests
are answered from the sandbox word, but an agent need not ask: nothing is enforced by us, and results say so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import ClassVar

from muxwire.words import FaultKind

from modelmuxd.adapters.acp_usage import Calls, usage_of
from modelmuxd.adapters.asking import check, deny, refuse_setting
from modelmuxd.adapters.base import Login, Package, Reader
from modelmuxd.adapters.jsonl import JsonlReader, JsonObject, first_line, table, text
from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.trouble import Trouble, killed, kind_of_words, last_words, of_exit, settle, unfinished
from modelmuxd.domain.events import Delta, Event, Notice, Started, Tool, UsageRead
from modelmuxd.domain.invocation import Exit, Invocation, PlacedFile
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage

FILE = "call.json"
START_SECONDS = 170.0
"""For which an agent may say nothing before the prompt; less than `first_byte_s`, so that it is told by itself."""
QUIET_SECONDS = 3600.0
"""The same after the prompt: while a tool runs, some say nothing at all."""
_BY_CODE: dict[object, FaultKind] = {
    -32000: "auth",
    -32002: "invalid_request",
    -32600: "invalid_request",
    -32601: "invalid_request",
    -32602: "invalid_request",
}
"""What the protocol's error codes mean, where the words do not tell."""
_ASKING = {"OPENCODE_PERMISSION": json.dumps(dict.fromkeys(("edit", "bash", "external_directory"), "ask"))}
"""opencode asks before it changes anything only when it is told so; nobody else reads this."""
PROGRAM = "import sys; sys.path.pop(0); from modelmuxd.runner.acp import main; main()"
_STATUS = {"pending": "started", "in_progress": "started", "completed": "completed", "failed": "failed"}


class AcpAgent:
    package: ClassVar[Package] = Package()
    env_names: tuple[str, ...] = ()
    scrub: ClassVar[tuple[str, ...]] = ()
    login_files: ClassVar[tuple[str, ...]] = ()
    first_byte_s: ClassVar[float] = 180.0
    """Some need half a minute to start on a busy machine."""
    session_bound: ClassVar[bool] = True
    window: ClassVar[int] = 0

    def __init__(self, name: str, command: str, args: tuple[str, ...], *, python: str, env: tuple[str, ...]) -> None:
        self.name = name
        self.title = f"{name} (ACP)"
        self.program = command
        self.env_names = env
        self._args = args
        self._python = python

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        return Login("unknown", "an ACP agent of your own")

    def prepare(self, request: Request) -> Invocation:
        prompt = check(self.name, request)
        for field in ("base_url", "wire_api", "model", "api_key_env"):
            refuse_setting(self.name, request, field)
        if request.model or request.effort:
            text = f"{self.name} is asked over ACP, which has no word for a model or an effort."
            raise deny(self.name, "invalid_request", text, "Set it in the agent's own configuration.")
        call = {
            "argv": [request.program, *self._args],
            "cwd": request.workdir,
            "session": request.session,
            "sandbox": request.sandbox,
            "start_seconds": START_SECONDS,
            "quiet_seconds": QUIET_SECONDS,
        }
        return Invocation(
            argv=(self._python, "-E", "-c", PROGRAM, f"{request.folder}/{FILE}"),
            stdin=prompt,
            files=(PlacedFile(FILE, json.dumps(call).encode()),),
            env={**request.settings.extra_env, **({} if request.sandbox == "full" else _ASKING)},
            env_names=self.env_names,
            enforced="none",
        )

    def reader(self, request: Request) -> Reader:
        return AcpReader(self.name, request)


class AcpReader(JsonlReader):
    def __init__(self, provider: str, request: Request) -> None:
        super().__init__()
        self._provider = provider
        self._session = request.session
        self._calls = Calls()
        self._usage: Usage | None = None
        self._stopped = ""
        self._error = ""
        self._code: object = None
        self._failing: list[str] | None = None
        """What the agent says while it calls itself failing."""

    def on_object(self, value: JsonObject) -> Iterator[Event]:
        match text(value, "acp"):
            case "session":
                self._session = text(value, "id") or self._session
                yield Started(session=self._session)
            case "update":
                yield from self._update(table(value, "update"))
            case "permission" if value.get("allowed") is not True:
                yield Notice(f"refused by the sandbox: {first_line(text(value, 'title'))}")
            case "end":
                yield from self._end(table(value, "result"))
            case "error":
                error = table(value, "error")
                self._code = error.get("code") if isinstance(error.get("code"), int) else None
                data = table(error, "data")
                told = text(data, "message") or text(data, "details") or text(data, "errorKind")
                self._error = " ".join(filter(None, (text(error, "message"), told)))
            case _:
                return

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        self.finish()
        trouble = of_exit(exit, plain(self._error), overlong=self.lines.overlong)
        if not trouble and self._failing is not None and not killed(exit):
            said = "".join(self._failing).strip()
            trouble = Trouble(kind_of_words(said) or "crashed", said or "The agent failed.")
        if not trouble and not (self._stopped == "end_turn" and exit.code == 0):
            trouble = self._why(exit, stderr_tail)
        fault = settle(self._provider, trouble) if trouble else None
        return Outcome(fault=fault, session=self._session, usage=self._usage)

    def _why(self, exit: Exit, stderr_tail: bytes) -> Trouble:
        if self._stopped == "refusal":
            return Trouble("refused", "The agent refused.")
        if self._stopped.startswith("max_"):
            return Trouble("context_too_long", f"The agent stopped early: {self._stopped}.")
        if self._error and not killed(exit):
            by_word: FaultKind = "auth" if "auth" in self._error.lower() else "crashed"
            kind = kind_of_words(self._error) or _BY_CODE.get(self._code, by_word)
            return Trouble(kind, plain(self._error))
        if self._stopped and self._stopped != "end_turn":
            return Trouble("crashed", f"The agent stopped early: {plain(self._stopped)}.")
        return unfinished(exit, last_words(stderr_tail))

    def _update(self, update: JsonObject) -> Iterator[Event]:
        match text(update, "sessionUpdate"):
            case "agent_message_chunk":
                self._calls.add(table(table(update, "_meta"), "usage"))
                if piece := text(table(update, "content"), "text"):
                    if self._failing is not None:
                        self._failing.append(piece)
                    yield Delta(piece)
            case "session_info_update":
                status = text(table(table(table(update, "_meta"), "codex"), "threadStatus"), "type")
                if status:  # codex-acp tells its faults as an answer that has ended well
                    self._failing = [] if status == "systemError" else None
            case "tool_call" | "tool_call_update":
                title, status = text(update, "title"), text(update, "status")
                if title or status in ("completed", "failed"):
                    name = text(update, "kind") or "tool"
                    yield Tool(name, _STATUS.get(status, ""), first_line(title))
            case _:
                return

    def _end(self, result: JsonObject) -> Iterator[Event]:
        self._stopped = text(result, "stopReason")
        self._usage = usage_of(result) or self._calls.usage()
        if self._usage:
            yield UsageRead(self._usage)
