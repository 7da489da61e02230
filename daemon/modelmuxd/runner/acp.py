"""One prompt to an agent that speaks the Agent Client Protocol v1, as a program of its own: it runs under a guard like
every agent, so that a conversation on two pipes outlives the daemon as well.

    python -E -c "…; main()" CALL.json  <PROMPT

It starts the agent below itself and is its client: initialize, session/new or session/load, session/prompt. Permissions
are answered from the sandbox word. stdout is JSON lines:

    {"acp":"session","id":…,"agent":…}     {"acp":"update","update":{…}}     what the agent sends as session/update
    {"acp":"permission","title":…,"kind":…,"allowed":false}
    {"acp":"end","result":{…}}             the answer to session/prompt       {"acp":"error","error":{…}}

SIGTERM and SIGINT cancel in the protocol's order; the tree is the guard's to end. https://agentclientprotocol.com
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_ALLOWED = {
    "read-only": frozenset({"read", "search", "think", "fetch"}),
    "write": frozenset({"read", "search", "think", "fetch", "edit", "delete", "move"}),
}
"""Kinds of tool calls that a sandbox word lets through; `full` lets all. An unnamed kind is `other`."""
CANCEL_SECONDS = 3.0
_NO_CAPABILITIES = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}


class Canceled(Exception):
    """We are to end."""


class AgentError(Exception):
    def __init__(self, error: Json) -> None:
        super().__init__(error.get("message"))
        self.error = error


def main() -> None:
    call = json.loads(Path(sys.argv[1]).read_bytes())
    prompt = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    sys.exit(run(call, prompt))


def run(call: Json, prompt: str) -> int:
    """0 when the agent has answered the prompt."""
    # In a session of its own: a signal to our group is for us, who tell the agent in the protocol's words.
    agent = subprocess.Popen(
        call["argv"], cwd=call["cwd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    client = Client(agent, call["sandbox"], call["cwd"])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: client.cancel())
    try:
        client.converse(call.get("session", ""), prompt)
        return 0
    except AgentError as error:
        say({"acp": "error", "error": error.error})
    except Canceled:
        say({"acp": "error", "error": {"message": "canceled"}})
    finally:
        agent.kill()
        agent.wait()
    return 1


class Client:
    """Lines from the agent come by a thread, so that a signal can come between them."""

    def __init__(self, agent: subprocess.Popen[bytes], sandbox: str, cwd: str) -> None:
        self._agent = agent
        self._sandbox = sandbox
        self._cwd = os.path.realpath(cwd)
        self._lines: queue.Queue[Json | None] = queue.Queue()
        self._last = 0
        self._session = ""
        self._canceled = False
        threading.Thread(target=self._listen, daemon=True).start()

    def converse(self, session: str, prompt: str) -> None:
        """Raises AgentError for a refusal, and for an agent that goes away."""
        about = {"name": "modelmux", "version": "1"}
        hello = {"protocolVersion": 1, "clientCapabilities": _NO_CAPABILITIES, "clientInfo": about}
        welcome = self._ask("initialize", hello)
        where = {"cwd": self._cwd, "mcpServers": []}
        if session and not (welcome.get("agentCapabilities") or {}).get("loadSession"):
            raise AgentError({"message": "this agent cannot load a session"})
        if session:
            self._ask("session/load", {**where, "sessionId": session}, quiet=True)
            self._session = session
        else:
            self._session = str(self._ask("session/new", where).get("sessionId", ""))
        say({"acp": "session", "id": self._session, "agent": welcome.get("agentInfo") or {}})
        words = [{"type": "text", "text": prompt}]
        say({"acp": "end", "result": self._ask("session/prompt", {"sessionId": self._session, "prompt": words})})

    def cancel(self) -> None:
        """In a signal handler: tell the agent, give it a moment to say so, then end."""
        if self._canceled or not self._session:
            os._exit(1)
        self._canceled = True
        self._send({"method": "session/cancel", "params": {"sessionId": self._session}})
        threading.Timer(CANCEL_SECONDS, self._lines.put, (None,)).start()

    def _ask(self, method: str, params: Json, *, quiet: bool = False) -> Json:
        """The answer. What else comes meanwhile is served; `quiet`: a loaded session's past is not told again."""
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            message = self._lines.get()
            if message is None:
                raise Canceled if self._canceled else AgentError({"message": "the agent has ended"})
            if message.get("id") == self._last and "method" not in message:
                if "error" in message:
                    raise AgentError(message["error"])
                return message.get("result") or {}
            self._serve(message, quiet=quiet)

    def _serve(self, message: Json, *, quiet: bool) -> None:
        method, params = message.get("method"), message.get("params") or {}
        if method == "session/update" and not quiet:
            say({"acp": "update", "update": params.get("update") or {}})
        elif method == "session/request_permission":
            self._send({"id": message.get("id"), "result": {"outcome": self._outcome(params)}})
        elif "id" in message and method:
            error = {"code": -32601, "message": f"this client has no {method}"}
            self._send({"id": message["id"], "error": error})

    def _outcome(self, params: Json) -> Json:
        """The option of the right kind: by kind, since names and ids are each agent's own."""
        tool = params.get("toolCall") or {}
        allowed = not self._canceled and allows(self._sandbox, tool, self._cwd)
        say({"acp": "permission", "title": tool.get("title"), "kind": tool.get("kind"), "allowed": allowed})
        for kind in ("allow_once", "allow_always") if allowed else ("reject_once", "reject_always"):
            for option in params.get("options") or []:
                if option.get("kind") == kind:
                    return {"outcome": "selected", "optionId": option.get("optionId")}
        return {"outcome": "cancelled"}

    def _send(self, message: Json) -> None:
        assert self._agent.stdin
        try:
            self._agent.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            self._agent.stdin.flush()
        except BrokenPipeError:
            self._lines.put(None)

    def _listen(self) -> None:
        assert self._agent.stdout
        for line in self._agent.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                self._lines.put(message)
        self._lines.put(None)


def allows(sandbox: str, tool: Json, cwd: str) -> bool:
    """Whether the sandbox word lets this tool call through. Edits only below the working folder, as far as it says."""
    if sandbox == "full":
        return True
    kind = tool.get("kind") or "other"
    if kind not in _ALLOWED[sandbox]:
        return False
    if kind in _ALLOWED["read-only"]:
        return True
    places = [os.path.realpath(str(one.get("path", ""))) for one in tool.get("locations") or []]
    return bool(places) and all(place == cwd or place.startswith(cwd + os.sep) for place in places)


def say(event: Json) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()
