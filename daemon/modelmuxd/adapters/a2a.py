"""An agent of somebody else's, over A2A: `[a2a_agents.NAME]`, asked by a program of ours (runner/a2a.py).

A session is the remote's context; with the task in it, where that waits for an answer: `CONTEXT/TASK`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import ClassVar

from muxwire.words import FaultKind

from modelmuxd.adapters.asking import check, deny, refuse_setting
from modelmuxd.adapters.base import Login, Package, Reader
from modelmuxd.adapters.jsonl import JsonlReader, JsonObject, text
from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.trouble import Trouble, killed, kind_of_status, kind_of_words, last_words, of_exit, settle
from modelmuxd.adapters.trouble import unfinished as ended_early
from modelmuxd.domain.events import Delta, Event, Message, Notice, Started
from modelmuxd.domain.invocation import Exit, Invocation, PlacedFile
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request

FILE = "call.json"
TOKEN = "MODELMUX_A2A_TOKEN"  # noqa: S105 - the variable that holds it
READ_SECONDS = 600.0
ENDED = frozenset({"completed", "failed", "canceled", "rejected", "input-required", "auth-required", "error"})
"""States after which the remote task does nothing more by itself, or nothing that we could follow."""
_PROGRAM = "import sys; sys.path.pop(0); from modelmuxd.runner.a2a import main; main()"


class A2aAgent:
    package: ClassVar[Package] = Package()
    env_names: tuple[str, ...] = ()
    scrub: ClassVar[tuple[str, ...]] = ()
    login_files: ClassVar[tuple[str, ...]] = ()
    first_byte_s: ClassVar[float] = 120.0
    session_bound: ClassVar[bool] = False
    window: ClassVar[int] = 0

    def __init__(self, name: str, url: str, *, token: str, pattern: str, program: str) -> None:
        self.name = name
        self.title = f"{name} (A2A)"
        self.program = program
        self._url = url
        self._token = token
        self._pattern = pattern

    def __repr__(self) -> str:
        return f"A2aAgent({self.name!r}, {self._url!r})"

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        return Login("unknown", "an A2A agent of somebody else's")

    def prepare(self, request: Request) -> Invocation:
        prompt = check(self.name, request)
        for field in ("base_url", "wire_api", "model", "api_key_env"):
            refuse_setting(self.name, request, field)
        if request.model or request.effort:
            text = f"{self.name} is asked over A2A, which has no word for a model or an effort."
            raise deny(self.name, "invalid_request", text, "Leave it out.")
        context, _, task = (request.left or request.session).partition("/")
        call = {
            "url": self._url,
            "pattern": self._pattern,
            "context": context,
            "task": task,
            "follow": bool(request.left and task),
            "read_seconds": READ_SECONDS,
        }
        return Invocation(
            argv=(request.program, "-E", "-c", _PROGRAM, f"{request.folder}/{FILE}"),
            stdin=prompt,
            files=(PlacedFile(FILE, json.dumps(call).encode()),),
            env={**request.settings.extra_env, **({TOKEN: self._token} if self._token else {})},
            enforced="none",
        )

    def reader(self, request: Request) -> Reader:
        return A2aReader(self.name, request)


class A2aReader(JsonlReader):
    def __init__(self, provider: str, request: Request) -> None:
        super().__init__()
        self._provider = provider
        self._session = request.session
        self._task = ""
        self._state = ""
        self._said = ""
        self._status = 0
        self._passing = self._unknown = self._sent = False

    def on_object(self, value: JsonObject) -> Iterator[Event]:
        match text(value, "a2a"):
            case "sent":
                self._sent = True
            case "task":
                self._task = text(value, "id")
                self._session = text(value, "context") or self._session
                yield Started(session=self._session)
            case "text":
                yield Delta(text(value, "text"))
            case "state":
                self._state, self._said = text(value, "state"), text(value, "text")
                if self._said:
                    yield Notice(plain(f"{self._state}: {self._said}"))
            case "end":
                self._state = text(value, "state")
                if whole := text(value, "text") or (self._said if self._state == "completed" else ""):
                    yield Message(whole)
            case "error":
                status = value.get("status")
                self._status = status if isinstance(status, int) else 0
                self._passing, self._unknown = value.get("passing") is True, value.get("unknown") is True
                self._state, self._said = "error", text(value, "message")
            case _:
                return

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        self.finish()
        trouble = of_exit(exit, plain(self._said), overlong=self.lines.overlong)
        if not trouble and not (self._state == "completed" and exit.code == 0):
            trouble = self._why(exit, stderr_tail)
        asks = trouble is not None and trouble.kind == "needs_input"
        elsewhere = bool(self._task) and self._state not in ENDED and killed(exit)
        session = f"{self._session}/{self._task}" if (asks or elsewhere) and self._task else self._session
        fault = settle(self._provider, trouble) if trouble else None
        return Outcome(fault=fault, session=session, elsewhere=elsewhere)

    def _why(self, exit: Exit, stderr_tail: bytes) -> Trouble:
        said = plain(self._said)
        match self._state:
            case "input-required":
                return Trouble("needs_input", said or "The agent asks for something.", "Answer with `muxctl answer`.")
            case "auth-required":
                return Trouble("auth", said or "The agent wants its user to log in.")
            case "rejected":
                return Trouble("refused", said or "The agent refused the task.")
            case "failed" | "canceled":
                return Trouble(kind_of_words(said) or "crashed", said or f"The agent's task has {self._state}.")
            case "error" if self._unknown:
                return Trouble("timeout", said, "It may be at work: look there before you send it again.")
            case "error" if not killed(exit):
                otherwise: FaultKind = "transient" if self._passing else "invalid_request"
                return Trouble(kind_of_status(self._status) or kind_of_words(said) or otherwise, said)
            case _ if self._sent:
                text = "We were ended before the agent had named its task."
                return Trouble("timeout", text, "It may be at work: look there before you send it again.")
            case _:
                return ended_early(exit, last_words(stderr_tail))
