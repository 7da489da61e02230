"""One message to an A2A agent, as a program of its own: it runs under a guard like every agent, so that a remote task
is followed on while the daemon is away, and never sent twice.

    python -E -c "…; main()" CALL.json  <PROMPT          the token, if any, in MODELMUX_A2A_TOKEN

It reads the agent's card and speaks the newest dialect that the card offers (1.0, 0.3, or the old `tasks/*` draft), by
JSON-RPC: streaming where there is such, reattaching when the stream breaks, and polling at last. A message whose
answer is lost is looked for and never sent again, and a call to `follow` a task sends none. stdout is JSON lines:

    {"a2a":"card",…}   {"a2a":"sent"}   {"a2a":"task","id":…,"context":…}   {"a2a":"text","text":…}
    {"a2a":"state","state":…,"text":…}   {"a2a":"end","text":…}
    {"a2a":"error","message":…,"status":401,"passing":false,"unknown":false}

`passing`: it may go better later; `unknown`: the agent may have got the message and be at work. SIGTERM and SIGINT
cancel the remote task first.
https://a2a-protocol.org, v0.1.0, 0.3.0 and 1.0.1.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from modelmuxd.runner import web
from modelmuxd.runner.a2a_dialects import FINAL, Dialect, Update, can_stream, dialect_of, read_update
from modelmuxd.runner.a2a_wire import Failed, Refused, Wire
from modelmuxd.runner.lines import Lines

Json = dict[str, Any]
POLL_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Between two looks at a task; the last one over and over."""
LOST_SECONDS = 120.0
"""For which an agent that knew of the task may be out of reach."""
CANCEL_SECONDS = 3.0
NOT_UNDERSTOOD = frozenset({-32600, -32601})
"""JSON-RPC's codes for a request and a method that the agent does not know."""
TOKEN = "MODELMUX_A2A_TOKEN"  # noqa: S105 - the variable that holds it


class Canceled(Exception):
    """We are to end."""


def main() -> None:
    call = json.loads(Path(sys.argv[1]).read_bytes())
    prompt = sys.stdin.buffer.read().decode("utf-8", "replace")
    sys.exit(run(call, prompt))


def run(call: Json, prompt: str) -> int:
    """0 when the remote task has completed."""
    token = os.environ.pop(TOKEN, "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    say = Lines(token).say
    with web.client(float(call["read_seconds"]), headers) as http:
        conversation = Conversation(Wire(http), call, say)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _cancel)
        try:
            return conversation.hold(prompt)
        except Failed as error:
            unknown = conversation.under_way or (conversation.sent and error.unknown)
            about = {"status": error.status, "passing": error.passing, "unknown": unknown}
            say({"a2a": "error", "message": str(error), **about})
        except Canceled:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            conversation.cancel()
    return 1


def _cancel(*_: object) -> None:
    raise Canceled


class Conversation:
    """One message and the task that comes of it."""

    def __init__(self, wire: Wire, call: Json, say: Callable[[Json], None]) -> None:
        self._wire = wire
        self._say = say
        self._call = call
        self.sent = False
        self._task = ""
        self._texts: dict[str, str] = {}
        """What each artifact, or (empty) the agent's message, says so far."""
        self._state = ""
        self._said = ""
        self._dialect = Dialect("draft", "")
        self._url = ""

    @property
    def under_way(self) -> bool:
        """Whether a remote task is known that has not ended."""
        return bool(self._task) and not self._over()

    def hold(self, prompt: str) -> int:
        card = self._meet()
        if self._call["follow"]:
            self._name(self._call["task"], self._call["context"])
        else:
            self._send(prompt, str(uuid.uuid4()), stream=can_stream(card))
        self._until_final(streams=can_stream(card))
        self._say(
            {"a2a": "end", "text": "\n".join(text for text in self._texts.values() if text), "state": self._state}
        )
        return 0 if self._state == "completed" else 1

    def _meet(self) -> Json:
        card = self._wire.card(self._call["url"])
        dialect = dialect_of(card)
        if dialect is None:
            raise Failed("its card offers no JSON-RPC, which is what we speak")
        try:
            self._dialect, self._url = dialect, urljoin(self._call["url"], dialect.url or self._call["url"])
            ours, theirs = urlsplit(self._call["url"]), urlsplit(self._url)
            _ = theirs.port  # out of range: ValueError
        except ValueError as error:
            raise Failed(f"its address cannot be used: {error}") from error
        if self._wire.has_token and (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise Failed(f"its card leads to {self._url}, and the token goes nowhere but to {self._call['url']}")
        name = card.get("name")
        self._say({"a2a": "card", "name": name, "version": dialect.version, "url": self._url})
        return card

    def _send(self, prompt: str, message_id: str, *, stream: bool) -> None:
        """Once. A draft that does not know its own methods is a 0.2 whose card does not say so: it has done nothing."""
        self.sent = True
        self._say({"a2a": "sent"})
        asked = self._dialect.send(prompt, message_id, self._call, stream=stream)
        try:
            if stream:
                self._follow(self._wire.stream(self._url, self._dialect, *asked))
            else:
                self._take(self._wire.ask(self._url, self._dialect, *asked))
        except Refused as error:
            if self._dialect.version != "draft" or error.code not in NOT_UNDERSTOOD:
                raise
            self._dialect = Dialect("0.3", self._dialect.url)
            self._send(prompt, message_id, stream=stream)
        except Failed as error:
            if not (error.unknown and self._dialect.version == "draft"):
                raise
            self._name(str(asked[1]["id"]), self._call.get("context", ""))

    def _until_final(self, *, streams: bool) -> None:
        """The message is never sent again. After a stream that broke off: a look at what was said meanwhile, since a
        new stream may begin with what comes next; then the new stream; then a look again and again.

        Never a look after the new stream has told the end: 0.3.26 of the SDK keeps each piece twice by then.
        """
        if self._over():
            return
        if not self._task:
            raise Failed("the agent broke off before it named a task, and may be at work on it", unknown=True)
        if streams:
            self._look()
        if streams and not self._over():
            self._follow(self._wire.stream(self._url, self._dialect, *self._dialect.resubscribe(self._task)))
        heard, waits = time.monotonic(), itertools.chain(POLL_SECONDS, itertools.repeat(POLL_SECONDS[-1]))
        while not self._over():
            if not (why := self._look()):
                heard = time.monotonic()
            elif time.monotonic() - heard > LOST_SECONDS:
                raise Failed(f"the agent cannot be reached any more: {why}", unknown=True)
            if not self._over():
                time.sleep(next(waits))

    def _look(self) -> str:
        """Take in how the task stands; else why that cannot be known now. Raises Failed for what will not pass."""
        try:
            self._take(self._wire.ask(self._url, self._dialect, *self._dialect.get(self._task)))
        except Failed as error:
            if not error.passing:
                raise
            return str(error)
        return ""

    def _over(self) -> bool:
        return self._state in FINAL

    def _follow(self, answers: Iterable[Json]) -> None:
        """Until the stream ends, however it does. Raises Failed only while no task is known."""
        try:
            for answer in answers:
                self._take(answer)
                if self._over():
                    return
        except Failed as error:
            if not self._task:
                raise
            self._say({"a2a": "state", "state": self._state, "text": f"the stream broke off: {error}"})

    def _take(self, result: Json) -> None:
        update = read_update(result)
        if update.task and update.task != self._task:
            self._name(update.task, update.context)
        self._artifacts(update)
        if update.state and (update.state, update.text) != (self._state, self._said):
            self._state, self._said = update.state, update.text
            self._say({"a2a": "state", "state": update.state, "text": update.text})

    def _artifacts(self, update: Update) -> None:
        for name, text, append in update.artifacts:
            before = self._texts.get(name, "")
            now = before + text if append else text
            self._texts[name] = now
            if now != before and now.startswith(before):
                self._say({"a2a": "text", "text": now[len(before) :]})

    def _name(self, task: str, context: str) -> None:
        self._task = task
        self._say({"a2a": "task", "id": task, "context": context})

    def cancel(self) -> None:
        """The remote task first; one that is not known cannot be canceled."""
        if not self.under_way:
            return
        try:
            asked = self._dialect.cancel(self._task)
            self._take(self._wire.ask(self._url, self._dialect, *asked, seconds=CANCEL_SECONDS))
        except Failed as error:
            self._say({"a2a": "state", "state": "canceled", "text": f"the agent was not told: {error}"})
