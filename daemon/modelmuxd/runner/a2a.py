"""One message to an A2A agent, as a program of its own: it runs under a guard like every agent, so that a remote task
is followed on while the daemon is away, and never sent twice.

    python -E -c "…; main()" CALL.json  <PROMPT          the token, if any, in MODELMUX_A2A_TOKEN

It reads the agent's card and speaks the newest dialect that the card offers (1.0, 0.3, or the old `tasks/*` draft), by
JSON-RPC: streaming where there is such, reattaching when the stream breaks, and polling at last. A message whose
answer is lost is looked for and never sent again. stdout is JSON lines:

    {"a2a":"card",…}   {"a2a":"task","id":…,"context":…}   {"a2a":"text","text":…}   {"a2a":"state","state":…,"text":…}
    {"a2a":"end","text":…}     {"a2a":"error","message":…,"status":401}

SIGTERM and SIGINT cancel the remote task first. https://a2a-protocol.org, v0.1.0, 0.3.0 and 1.0.1.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from modelmuxd.runner import web
from modelmuxd.runner.a2a_dialects import FINAL, Dialect, Update, dialect_of, read_update

Json = dict[str, Any]
CARDS = ("/.well-known/agent-card.json", "/.well-known/agent.json")
LIMIT = 64 * 1024 * 1024
POLL_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Between two looks at a task; the last one over and over."""
LOST_SECONDS = 120.0
"""For which an agent that knew of the task may be out of reach."""
TOKEN = "MODELMUX_A2A_TOKEN"  # noqa: S105 - the variable that holds it


class Failed(Exception):
    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def main() -> None:
    call = json.loads(Path(sys.argv[1]).read_bytes())
    prompt = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    sys.exit(run(call, prompt))


def run(call: Json, prompt: str) -> int:
    """0 when the remote task has completed."""
    token = os.environ.pop(TOKEN, "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with web.client(float(call["read_seconds"]), headers) as http:
        try:
            return Conversation(http, call).hold(prompt)
        except Failed as error:
            return _error(str(error), error.status)
        except web.WebError as error:
            return _error(f"{type(error).__name__}: {error}", 0)


def _error(message: str, status: int) -> int:
    say({"a2a": "error", "message": message, "status": status})
    return 1


class Conversation:
    """One message and the task that comes of it."""

    def __init__(self, http: web.Client, call: Json) -> None:
        self._http = http
        self._call = call
        self._task = ""
        self._texts: dict[str, str] = {}
        """What each artifact, or (empty) the agent's message, says so far."""
        self._state = ""
        self._said = ""
        card = self._card()
        self._dialect: Dialect = dialect_of(card)
        self._url = urljoin(call["url"], self._dialect.url or call["url"])
        self._same_origin()
        self._streams = bool((card.get("capabilities") or {}).get("streaming"))
        say({"a2a": "card", "name": card.get("name"), "version": self._dialect.version, "url": self._url})

    def hold(self, prompt: str) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._cancel())
        method, params = self._dialect.send(prompt, str(uuid.uuid4()), self._call, stream=self._streams)
        if self._streams:
            self._follow(self._stream(method, params))
        else:
            self._take(self._ask(method, params))
        self._until_final()
        say({"a2a": "end", "text": "\n".join(text for text in self._texts.values() if text), "state": self._state})
        return 0 if self._state == "completed" else 1

    def _until_final(self) -> None:
        """Reattach once, then poll: the message is never sent again."""
        if self._over():
            return
        if not self._task:
            raise Failed("the agent broke off before it named a task; whether it works on it is not known")
        if self._streams:
            self._follow(self._stream(*self._dialect.resubscribe(self._task)))
        last, look = time.monotonic(), 0
        while not self._over():
            try:
                self._take(self._ask(*self._dialect.get(self._task)))
                last = time.monotonic()
            except web.WebError as error:
                if time.monotonic() - last > LOST_SECONDS:
                    raise Failed(f"the agent cannot be reached any more: {error}") from error
            if not self._over():
                time.sleep(POLL_SECONDS[min(look, len(POLL_SECONDS) - 1)])
                look += 1

    def _over(self) -> bool:
        return self._state in FINAL

    def _follow(self, answers: Iterator[Json]) -> None:
        """Until the stream ends, however it does."""
        try:
            for answer in answers:
                self._take(answer)
                if self._over():
                    return
        except web.WebError:
            return
        except Failed as error:
            if not self._task:
                raise
            say({"a2a": "state", "state": self._state, "text": f"the stream broke off: {error}"})

    def _take(self, result: Json) -> None:
        update = read_update(result)
        if update.task and update.task != self._task:
            self._task = update.task
            say({"a2a": "task", "id": update.task, "context": update.context})
        self._artifacts(update)
        if update.state and (update.state, update.text) != (self._state, self._said):
            self._state, self._said = update.state, update.text
            say({"a2a": "state", "state": update.state, "text": update.text})

    def _artifacts(self, update: Update) -> None:
        for name, text, append in update.artifacts:
            before = self._texts.get(name, "")
            now = before + text if append else text
            self._texts[name] = now
            if now != before and now.startswith(before):
                say({"a2a": "text", "text": now[len(before) :]})

    def _ask(self, method: str, params: Json) -> Json:
        answer = self._http.post(self._url, json=_request(method, params), headers=self._dialect.headers)
        _check(answer)
        return _result(answer.json())

    def _stream(self, method: str, params: Json) -> Iterator[Json]:
        headers = {**self._dialect.headers, "Accept": "text/event-stream"}
        size = 0
        with self._http.stream("POST", self._url, json=_request(method, params), headers=headers) as answer:
            if answer.status_code != 200:
                answer.read()
            _check(answer)
            for line in answer.iter_lines():
                size += len(line)
                if size > LIMIT:
                    raise Failed(f"the answer has more than {LIMIT >> 20} MiB")
                text = line.removeprefix("data:").strip()
                if text.startswith("{"):
                    yield _result(json.loads(text))

    def _card(self) -> Json:
        """The first card that is there; without one it is an agent of the old draft, at its address itself."""
        url = str(self._call["url"])
        for path in CARDS:
            answer = self._http.get(url if url.endswith(".json") else url.rstrip("/") + path)
            if answer.status_code in (401, 403):
                raise Failed("the agent wants another token", answer.status_code)
            if answer.status_code == 200:
                found = answer.json()
                return found if isinstance(found, dict) else {}
        return {}

    def _same_origin(self) -> None:
        ours, theirs = urlsplit(self._call["url"]), urlsplit(self._url)
        if "authorization" in self._http.headers and (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise Failed(f"its card leads to {self._url}, and the token goes nowhere but to {self._call['url']}")

    def _cancel(self) -> None:
        """In a signal handler: the remote task first; one that has none yet cannot be canceled."""
        if self._task:
            try:
                self._ask(*self._dialect.cancel(self._task))
            except Exception as error:  # whatever it is, we end
                say({"a2a": "state", "state": "canceled", "text": f"the agent was not told: {error}"})
        os._exit(1)


def _request(method: str, params: Json) -> Json:
    return {"jsonrpc": "2.0", "id": str(uuid.uuid4()), "method": method, "params": params}


def _check(answer: web.Answer) -> None:
    if 300 <= answer.status_code < 400:
        raise Failed("it redirects, and a token goes nowhere else", answer.status_code)
    if answer.status_code != 200:
        raise Failed(f"HTTP {answer.status_code}: {answer.text[:500]}", answer.status_code)


def _result(answer: Any) -> Json:
    if not isinstance(answer, dict):
        raise Failed("the agent's answer is no JSON-RPC")
    if error := answer.get("error"):
        raise Failed(str(error.get("message") if isinstance(error, dict) else error))
    result = answer.get("result")
    return result if isinstance(result, dict) else {}


def say(event: Json) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()
