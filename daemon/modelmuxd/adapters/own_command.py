"""A command of the user's own: `[providers.NAME]` in profiles.toml.

    [providers.mine]
    command = "my-agent"
    args = ["--ask", "--in", "{workdir}"]     # {task} {workdir} {sandbox} {session_id} {model}, each put in once
    output = "jsonl"                          # or "text", the default: all of stdout is the answer

Where no argument holds `{task}` the task goes to stdin. As JSON lines it may say `{"text": …}` (a piece of the answer),
`{"result": …}` (the whole), `{"session_id": …}`, `{"usage": {"input_tokens": …, "output_tokens": …}}` and
`{"error": …}`; other lines are kept as notices. It has no terminal event: exit code 0 is success.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from modelmuxd.adapters.asking import check, chosen_model, deny, refuse_setting
from modelmuxd.adapters.base import Login, Package, Reader
from modelmuxd.adapters.jsonl import JsonlReader, JsonObject, compact, count, numbers, table, text
from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.trouble import Trouble, kind_of_words, last_words, of_exit, settle, unfinished
from modelmuxd.domain.events import Delta, Event, Message, Started, UsageRead
from modelmuxd.domain.invocation import Exit, Invocation
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage

_LOGIN = re.compile(
    r"unauthori[sz]ed|authentication (?:failed|required)|(?:invalid|incorrect|missing) api[ _-]?key|not logged in",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\{(task|workdir|sandbox|session_id|model)\}")
Output = Literal["text", "jsonl"]


class OwnCommand:
    """Nothing is known of it but what the user says; it enforces no sandbox."""

    package: ClassVar[Package] = Package()
    scrub: ClassVar[tuple[str, ...]] = ()
    login_files: ClassVar[tuple[str, ...]] = ()
    first_byte_s: ClassVar[float] = float("inf")
    session_bound: ClassVar[bool] = False
    window: ClassVar[int] = 0

    def __init__(
        self, name: str, command: str, args: tuple[str, ...], *, output: Output, env: tuple[str, ...], title: str = ""
    ) -> None:
        self.name = name
        self.program = command
        self.title = title or name
        self.env_names = env
        self._args = args
        self._output: Output = output

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        missing = [name for name in self.env_names if name not in env_present]
        if missing:
            return Login("no", f"{missing[0]} is not set", f"export {missing[0]}=…", env_names=self.env_names)
        return Login("unknown", "a command of your own")

    def prepare(self, request: Request) -> Invocation:
        prompt = check(self.name, request)
        for field in ("base_url", "wire_api"):
            refuse_setting(self.name, request, field)
        self._refuse_unused(request)
        argv = [request.program]
        for word in self._args:
            argv.append(self._filled(word, request, after_dashes="--" in argv))
        own = request.settings
        return Invocation(
            argv=tuple(argv),
            stdin=b"" if self._takes("task") else prompt,
            env=dict(own.extra_env),
            env_names=self.env_names,
            enforced="none",
        )

    def reader(self, request: Request) -> Reader:
        return JsonReader(self.name, request) if self._output == "jsonl" else TextReader(self.name, request)

    def _takes(self, place: str) -> bool:
        return any(f"{{{place}}}" in word for word in self._args)

    def _refuse_unused(self, request: Request) -> None:
        for given, place, what in (
            (request.session, "session_id", "session"),
            (chosen_model(request), "model", "model"),
            (request.effort, "effort", "reasoning effort"),
        ):
            if given and not self._takes(place):
                text = f"{self.name} takes no {what}: no argument of it holds {{{place}}}."
                raise deny(
                    self.name, "invalid_request", text, f"Leave it out, or add it to providers.{self.name}.args."
                )

    def _filled(self, word: str, request: Request, *, after_dashes: bool) -> str:
        """Put in once: what a task or a path holds is never looked at again. Raises FaultError for what would become
        an option."""
        values = {
            "task": request.task,
            "workdir": request.workdir,
            "sandbox": request.sandbox,
            "session_id": request.session,
            "model": chosen_model(request),
        }
        made = _PLACE.sub(lambda found: values[found[1]], word)
        if made.startswith("-") and not word.startswith("-") and not after_dashes:
            text = f"{self.name} could take {plain(made)[:40]!r} for an option."
            hint = f'Put "--" before it in providers.{self.name}.args, or let the task go to stdin.'
            raise deny(self.name, "invalid_request", text, hint)
        return made


class TextReader:
    """All of stdout is the answer, as it comes."""

    def __init__(self, provider: str, request: Request) -> None:
        self._provider = provider
        self._request = request
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def feed(self, data: bytes) -> list[Event]:
        piece = self._decode(data)
        return [Delta(piece)] if piece else []

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        trouble = of_exit(exit, "", overlong=False) or _failed(exit, "", stderr_tail)
        return _outcome(self._provider, self._request, trouble, self._request.session, None)


class JsonReader(JsonlReader):
    def __init__(self, provider: str, request: Request) -> None:
        super().__init__()
        self._provider = provider
        self._request = request
        self._session = request.session
        self._usage: Usage | None = None
        self._error = ""

    def on_object(self, value: JsonObject) -> Iterator[Event]:
        if session := text(value, "session_id"):
            self._session = session
            yield Started(session=session)
        if piece := text(value, "text"):
            yield Delta(piece)
        if whole := text(value, "result"):
            yield Message(whole)
        self._error = text(value, "error") or text(table(value, "error"), "message") or self._error
        if used := table(value, "usage"):
            self._usage = Usage(
                input=count(used, "input_tokens"), output=count(used, "output_tokens"), raw=compact(numbers(used))
            )
            yield UsageRead(self._usage)

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        self.finish()
        trouble = of_exit(exit, self._error, overlong=self.lines.overlong) or _failed(exit, self._error, stderr_tail)
        return _outcome(self._provider, self._request, trouble, self._session, self._usage)


def _failed(exit: Exit, error: str, stderr_tail: bytes) -> Trouble | None:
    if exit.code == 0 and not error:
        return None
    said = error or last_words(stderr_tail)
    kind = kind_of_words(said) or ("auth" if _LOGIN.search(said[:8000]) else "crashed")
    return Trouble(kind, plain(said)) if said else unfinished(exit, "")


def _outcome(provider: str, request: Request, trouble: Trouble | None, session: str, usage: Usage | None) -> Outcome:
    fault = settle(provider, trouble) if trouble else None
    return Outcome(fault=fault, session=session, model=chosen_model(request), usage=usage)
