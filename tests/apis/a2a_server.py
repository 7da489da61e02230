"""A small A2A agent of any generation for tests: it does what its prompt says, and notes what it was asked."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


class A2aServer:
    """`version`: "draft", "0.3" or "1.0". `asked` are the methods in order."""

    def __init__(self, version: str, *, streaming: bool = True, token: str = "") -> None:
        self.version, self.streaming, self.token = version, streaming, token
        self.asked: list[str] = []
        self.prompts: list[str] = []
        self.states: dict[str, str] = {}
        self.go = threading.Event()
        self.raw: dict[str, list[tuple[int, bytes]]] = {}
        """By path or method: statuses and bodies to answer with first, in order."""
        self.more: Json = {}
        """What else the card says."""
        self.id = "t-1"
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"agent": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> A2aServer:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go.set()
        self.server.shutdown()
        self.server.server_close()

    def card(self) -> Json:
        able = {"capabilities": {"streaming": self.streaming}, "name": "tester", "url": f"{self.url}/rpc", **self.more}
        if self.version == "1.0":
            at = {"url": f"{self.url}/rpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
            return {**able, "supportedInterfaces": [at]}
        return {"protocolVersion": "0.3.0", **able} if self.version == "0.3" else able

    def task(self, state: str, words: str = "", **more: Any) -> Json:
        told = f"TASK_STATE_{state.upper().replace('-', '_')}" if self.version == "1.0" else state
        part = {"text": words} if self.version == "1.0" else {"kind": "text", "type": "text", "text": words}
        status = {"state": told, **({"message": {"parts": [part]}} if words else {})}
        context = "sessionId" if self.version == "draft" else "contextId"
        return {"id": self.id, context: "c-1", "status": status, "kind": "task", **more}

    def artifact(self, text: str, *, append: bool) -> Json:
        part = {"text": text} if self.version == "1.0" else {"kind": "text", "type": "text", "text": text}
        body = {"artifactId": "a", "parts": [part]}
        if self.version == "1.0":
            return {"artifactUpdate": {"taskId": self.id, "contextId": "c-1", "artifact": body, "append": append}}
        if self.version == "0.3":
            return {
                "kind": "artifact-update",
                "taskId": self.id,
                "contextId": "c-1",
                "artifact": body,
                "append": append,
            }
        return {"id": self.id, "artifact": {**body, "index": 0, "append": append}}

    def wrapped(self, task: Json) -> Json:
        return {"task": task} if self.version == "1.0" else task


class _Handler(BaseHTTPRequestHandler):
    agent: A2aServer

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        old = self.agent.version == "draft"
        if told := self._raw(self.path):
            return self._send(*told)
        here = self.path == ("/.well-known/agent.json" if old else "/.well-known/agent-card.json")
        return self._answer(self.agent.card() if here else {}, 200 if here else 404)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, params = asked["method"], asked["params"]
        if self.agent.token and self.headers.get("Authorization") != f"Bearer {self.agent.token}":
            return self._answer({"error": "no"}, 401)
        self.agent.asked.append(method)
        if self.agent.version == "draft" and not method.startswith("tasks/"):
            return self._answer({"id": 1, "error": {"code": -32601, "message": "no such method"}})
        if "message" in params and self.agent.version == "draft":
            self.agent.id = params["id"]
        if told := self._raw(method):
            return self._send(*told)
        if method in ("GetTask", "tasks/get"):
            return self._answer({"id": 1, "result": self._now()})
        if method in ("CancelTask", "tasks/cancel"):
            self.agent.go.set()
            return self._answer({"id": 1, "result": self.agent.task("canceled")})
        if method in ("SubscribeToTask", "tasks/resubscribe"):
            return self._answer({"id": 1, "error": {"code": -32004, "message": "not here"}})
        self.agent.prompts.append(json.dumps(params))
        words = params["message"]["parts"][0]["text"]
        if "tream" in method or "Subscribe" in method:
            return self._stream(words)
        if words == "slow" and not self._at_once(params.get("configuration", {})):
            self.agent.go.wait(20)
        state = {"ask": "input-required", "fail": "failed", "later": "working", "slow": "working"}.get(
            words, "completed"
        )
        return self._answer({"id": 1, "result": self.agent.wrapped(self._done(words, state))})

    def _now(self) -> Json:
        return self._done("later", "completed") if self.agent.go.is_set() else self.agent.task("working")

    def _done(self, words: str, state: str) -> Json:
        body = self.agent.artifact(f"you said: {words}", append=False)
        whole = body.get("artifactUpdate", body)["artifact"]
        more = {"artifacts": [whole]} if state == "completed" else {}
        return self.agent.task(
            state, {"input-required": "which one?", "failed": "too many requests"}.get(state, ""), **more
        )

    def _stream(self, words: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self._event(self.agent.wrapped(self.agent.task("submitted")))
        if words in ("later", "drop"):
            if words == "later":
                self.agent.go.wait(20)
            return None  # without an end
        if words in ("ask", "fail"):
            return self._event(self.agent.wrapped(self._done(words, "input-required" if words == "ask" else "failed")))
        self._event(self.agent.artifact("you said: ", append=False))
        self._event(self.agent.artifact(words, append=True))
        return self._event(self.agent.wrapped(self._done(words, "completed")))

    def _event(self, result: Json) -> None:
        self.wfile.write(f"data: {json.dumps({'jsonrpc': '2.0', 'id': 1, 'result': result})}\n\n".encode())
        self.wfile.flush()

    def _at_once(self, said: Json) -> bool:
        return said.get("blocking") is False or said.get("returnImmediately") is True

    def _raw(self, what: str) -> tuple[int, bytes] | None:
        left = self.agent.raw.get(what)
        return left.pop(0) if left else None

    def _answer(self, body: Json, status: int = 200) -> None:
        self._send(status, json.dumps({"jsonrpc": "2.0", **body} if "name" not in body else body).encode())

    def _send(self, status: int, raw: bytes) -> None:
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
