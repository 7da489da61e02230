"""HTTP onto shims' pipes, for programs that test MCP servers over HTTP only: `python bridge.py PORT SHIM…`.

A session of the handshake era has a shim of its own; requests of the stateless era share one. What the protocol says of
HTTP alone (hosts, headers, status codes) is kept here, as far as those programs look at it.
"""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

META = "io.modelcontextprotocol/protocolVersion"
HANDSHAKE = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
STATUS = {-32601: 404, -32020: 400, -32021: 400, -32022: 400, -32602: 400, -32600: 400, -32700: 400}
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
SILENCE = 60.0


class Shim:
    """One process; ids are made unique on the way in and given back on the way out."""

    ids = itertools.count(1)

    def __init__(self, argv: list[str], env: Mapping[str, str] | None) -> None:
        self._process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._waiting: dict[int, tuple[Any, queue.Queue[dict[str, Any]]]] = {}
        self._lock = threading.Lock()
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._ear.join()
        self._process.wait()

    def say(self, message: dict[str, Any]) -> None:
        with self._lock:
            assert self._process.stdin
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def ask(self, message: dict[str, Any]) -> queue.Queue[dict[str, Any]]:
        """What comes until the answer, and that."""
        number, came = next(self.ids), queue.Queue[dict[str, Any]]()
        self._waiting[number] = (message["id"], came)
        self.say({**message, "id": number})
        return came

    def _listen(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            self._hear(lines)

    def _hear(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            message = json.loads(line)
            if "method" in message:
                for _, came in list(self._waiting.values()):
                    came.put(message)
            elif message.get("id") in self._waiting:
                theirs, came = self._waiting.pop(message["id"])
                came.put({**message, "id": theirs})


class Bridge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    argv: list[str]
    env: Mapping[str, str] | None
    sessions: dict[str, Shim]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._json(405, None)

    def do_DELETE(self) -> None:
        if shim := self.sessions.pop(self.headers.get("Mcp-Session-Id", ""), None):
            shim.close()
        self._json(200, None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        origin = self.headers.get("Origin", "http://localhost")
        if not all(self._near(name) for name in (self.headers.get("Host", ""), origin.partition("//")[2])):
            return self._error(403, None, -32000, "a foreign host")
        try:
            message = json.loads(body)
        except ValueError:
            return self._error(400, None, -32700, "Parse error")
        params = message.get("params") or {}
        meta = params.get("_meta") or {}
        version = self.headers.get("MCP-Protocol-Version", "")
        if message.get("method") == "initialize" and META in meta:
            return self._error(404, message.get("id"), -32601, "Method not found")
        if message.get("method") == "initialize":
            name = uuid.uuid4().hex
            self.sessions[name] = Shim(self.argv, self.env)
            return self._relay(self.sessions[name], message, {"Mcp-Session-Id": name})
        if session := self.headers.get("Mcp-Session-Id"):
            if session not in self.sessions:
                return self._error(404, message.get("id"), -32001, "no such session")
            if version and version not in HANDSHAKE:
                return self._error(400, message.get("id"), -32000, "unsupported protocol version")
            return self._relay(self.sessions[session], message, {})
        if version and META not in meta:
            return self._error(400, message.get("id"), -32602, f"_meta lacks {META}")
        wrong = self._header_fault(message, params, meta, version)
        if wrong:
            return self._error(400, message.get("id"), -32020, wrong)
        shared = "stateless" if META in meta else "other"  # the first request of a pipe decides its era
        if shared not in self.sessions:
            self.sessions[shared] = Shim(self.argv, self.env)
        return self._relay(self.sessions[shared], message, {}, stateless=True)

    def _near(self, host: str) -> bool:
        return host.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]") or host in ("127.0.0.1", "localhost")

    def _header_fault(self, message: Any, params: Any, meta: Any, version: str) -> str:
        """Headers that say something else than the body."""
        if not version or (META in meta and meta[META] != version):
            return "MCP-Protocol-Version is not the body's"
        if self.headers.get("Mcp-Method", "").strip() != message.get("method"):
            return "Mcp-Method is not the body's"
        key = NAMED.get(message.get("method", ""))
        if key and self.headers.get("Mcp-Name", "").strip() != str(params.get(key)):
            return "Mcp-Name is not the body's"
        return ""

    def _relay(self, shim: Shim, message: dict[str, Any], headers: dict[str, str], *, stateless: bool = False) -> None:
        if "id" not in message or "method" not in message:  # also what answers a request of ours
            shim.say(message)
            return self._json(202, None)
        came = shim.ask(message)
        first = came.get(timeout=SILENCE)
        if "method" not in first:
            status = STATUS.get(first.get("error", {}).get("code"), 200) if stateless else 200
            return self._json(status, first, headers)
        self._begin(200, "text/event-stream", headers)
        while True:
            data = f"event: message\ndata: {json.dumps(first)}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            if "method" not in first:
                break
            first = came.get(timeout=SILENCE)
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _error(self, status: int, id: Any, code: int, message: str) -> None:
        self._json(status, {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        data = b"" if value is None else json.dumps(value).encode()
        self._begin(status, "application/json", {**(headers or {}), "Content-Length": str(len(data))})
        self.wfile.write(data)

    def _begin(self, status: int, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if "Content-Length" not in headers:
            self.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class Server(ThreadingHTTPServer):
    """Its shims end with it."""

    def __init__(self, handler: type[Bridge], port: int) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self._sessions = handler.sessions

    def server_close(self) -> None:
        super().server_close()
        for shim in self._sessions.values():
            shim.close()


def serve(argv: list[str], port: int = 0, env: Mapping[str, str] | None = None) -> Server:
    """Listening; the caller runs it."""
    return Server(type("Served", (Bridge,), {"argv": argv, "env": env, "sessions": {}}), port)


if __name__ == "__main__":
    serve(sys.argv[2:], int(sys.argv[1])).serve_forever()
