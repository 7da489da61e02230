"""One prompt to an agent that speaks the Agent Client Protocol v1, as a program of its own: it runs under a guard like
every agent, so that a conversation on two pipes outlives the daemon as well.

    python -E -c "…; main()" CALL.json  <PROMPT

It starts the agent below itself and is its client: initialize, session/new or one that goes on, session/prompt.
Permissions are answered from the sandbox word. stdout is JSON lines:

    {"acp":"session","id":…,"agent":…}     {"acp":"update","update":{…}}     what the agent sends as session/update
    {"acp":"permission","title":…,"kind":…,"allowed":false}
    {"acp":"end","result":{…}}             the answer to session/prompt       {"acp":"error","error":{…}}

SIGTERM and SIGINT cancel in the protocol's order; the tree is the guard's to end. https://agentclientprotocol.com
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelmuxd.runner.acp_modes import switch
from modelmuxd.runner.acp_permission import allows, choose, table, word
from modelmuxd.runner.acp_pipe import AgentError, Canceled, Pipe, Silent
from modelmuxd.runner.lines import Lines

Json = dict[str, Any]

VERSION = 1
CANCEL_SECONDS = 3.0
"""For the agent to say that it has stopped."""
LEAVE_SECONDS = 1.0
"""For it to end when nobody speaks to it any more: some write their sessions then."""
PAST_PAUSE, PAST_SECONDS = 0.5, 30.0
"""The pause that ends the past of a loaded session, and how long that may last."""
NO_SUCH_METHOD = -32601
_NO_CAPABILITIES = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
say = Lines().say


def main() -> None:
    call = json.loads(Path(sys.argv[1]).read_bytes())
    prompt = sys.stdin.buffer.read().decode("utf-8", "replace")
    sys.exit(run(call, prompt))


def run(call: Json, prompt: str) -> int:
    """0 when the agent has answered the prompt."""
    # In a session of its own: a signal to our group is for us, who tell the agent in the protocol's words.
    pipe = subprocess.PIPE
    try:
        agent = subprocess.Popen(call["argv"], cwd=call["cwd"], stdin=pipe, stdout=pipe, start_new_session=True)
    except OSError as error:
        say({"acp": "error", "error": {"message": f"it cannot be started: {error.strerror}"}})
        return 1
    try:
        Client(Pipe(agent), call).converse(prompt)
        return 0
    except AgentError as error:
        say({"acp": "error", "error": error.error})
    except Canceled:
        say({"acp": "error", "error": {"message": "canceled"}})
    finally:
        _leave(agent)
    return 1


def _leave(agent: subprocess.Popen[bytes]) -> None:
    assert agent.stdin
    with suppress(OSError):
        agent.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        agent.wait(LEAVE_SECONDS)
    agent.kill()
    agent.wait()


class Client:
    """`call` has the sandbox word, the folder, the session to go on with, and for how many seconds the agent may say
    nothing before the prompt (`start_seconds`) and after it (`quiet_seconds`)."""

    def __init__(self, pipe: Pipe, call: Json) -> None:
        self._pipe = pipe
        self._call = call
        self._cwd = os.path.realpath(call["cwd"])
        self._last = 0
        self._patience = float(call["start_seconds"])
        self._canceled_at: float | None = None

    def converse(self, prompt: str) -> None:
        """Raises AgentError for a refusal, and for an agent that goes away or falls silent; Canceled."""
        about = {"name": "modelmux", "version": "1"}
        hello = {"protocolVersion": VERSION, "clientCapabilities": _NO_CAPABILITIES, "clientInfo": about}
        welcome = self._ask("initialize", hello)
        if (version := welcome.get("protocolVersion")) != VERSION:
            raise AgentError({"message": f"the agent speaks version {version} of the protocol, and we speak {VERSION}"})
        session = self._session(table(welcome, "agentCapabilities"))
        say({"acp": "session", "id": session, "agent": table(welcome, "agentInfo")})
        self._patience = float(self._call["quiet_seconds"])
        words = [{"type": "text", "text": prompt}]
        say({"acp": "end", "result": self._ask("session/prompt", {"sessionId": session, "prompt": words}, session)})

    def _session(self, able: Json) -> str:
        """A new one, or the one to go on with, in the mode that the sandbox word wants."""
        where = {"cwd": self._cwd, "mcpServers": []}
        session = str(self._call.get("session") or "")
        if not session:
            made = self._ask("session/new", where)
            if not (session := word(made, "sessionId")):
                raise AgentError({"message": "the agent named no session"})
            return self._in_mode(made, session)
        return self._in_mode(self._go_on(able, {**where, "sessionId": session}), session)

    def _go_on(self, able: Json, where: Json) -> Json:
        """Resumed if that can be, else loaded, which tells its past again. Qwen Code promises the first and has but the
        second."""
        resumes = isinstance(table(able, "sessionCapabilities").get("resume"), dict)
        loads = able.get("loadSession") is True
        if not resumes and not loads:
            raise AgentError({"code": NO_SUCH_METHOD, "message": "this agent cannot go on with a session"})
        if resumes:
            try:
                return self._ask("session/resume", where)
            except AgentError as error:
                if not (loads and error.error.get("code") == NO_SUCH_METHOD):
                    raise
        made = self._ask("session/load", where)
        self._let_it_tell()
        return made

    def _let_it_tell(self) -> None:
        """A loaded session's past is to come before its answer; Gemini CLI tells it right after that."""
        until = time.monotonic() + PAST_SECONDS
        with suppress(Silent):
            while time.monotonic() < until:
                self._serve(self._pipe.next(PAST_PAUSE), tell=False)

    def _in_mode(self, made: Json, session: str) -> str:
        if call := switch(made, session, self._call["sandbox"]):
            self._ask(*call)
        return session

    def _ask(self, method: str, params: Json, session: str = "") -> Json:
        """The answer. What else comes meanwhile is served. Only a prompt names its `session`, and only its updates are
        told: a loaded session's past is not."""
        self._last += 1
        self._pipe.send({"id": self._last, "method": method, "params": params})
        while True:
            try:
                message = self._pipe.next(self._patience)
            except Canceled:
                self._cancel(session)
                continue
            except AgentError:
                if self._canceled_at is not None:
                    raise Canceled from None
                raise
            if "method" not in message and message.get("id") in (self._last, None):
                return _result(message)
            self._serve(message, tell=bool(session))
            self._hurry()

    def _cancel(self, session: str) -> None:
        """Tell the agent, and give it a moment to say that it has stopped. Raises Canceled when it is not at work."""
        if not session:
            raise Canceled
        self._pipe.send({"method": "session/cancel", "params": {"sessionId": session}})
        self._canceled_at = time.monotonic()
        self._hurry()

    def _hurry(self) -> None:
        """After a cancel what is left of its moment counts, however much the agent says."""
        if self._canceled_at is not None:
            self._patience = self._canceled_at + CANCEL_SECONDS - time.monotonic()
            if self._patience <= 0:
                raise Canceled

    def _serve(self, message: Json, *, tell: bool) -> None:
        method, params = message.get("method"), table(message, "params")
        if method == "session/update":
            if tell:
                say({"acp": "update", "update": table(params, "update")})
        elif method == "session/request_permission":
            self._pipe.send({"id": message.get("id"), "result": {"outcome": self._outcome(params)}})
        elif method and "id" in message:
            error = {"code": NO_SUCH_METHOD, "message": f"this client has no {method}"}
            self._pipe.send({"id": message["id"], "error": error})

    def _outcome(self, params: Json) -> Json:
        if self._canceled_at is not None:
            return {"outcome": "cancelled"}
        tool = table(params, "toolCall")
        allowed = allows(self._call["sandbox"], tool, self._cwd)
        say({"acp": "permission", "title": word(tool, "title"), "kind": word(tool, "kind"), "allowed": allowed})
        return choose(params.get("options"), allowed=allowed)


def _result(message: Json) -> Json:
    """Raises AgentError for an error; a refusal of what we wrote has no id."""
    if "error" in message:
        error = message["error"]
        raise AgentError(error if isinstance(error, dict) else {"message": str(error)})
    return table(message, "result")
