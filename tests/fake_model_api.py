#!/usr/bin/env python3
"""Scriptable fake of the model APIs that the AI coding CLIs talk to (loopback only, stdlib only).

One server speaks every dialect; the request path decides which:

  responses  POST */responses                   OpenAI Responses (Codex CLI; a WebSocket try gets 426 -> plain HTTP)
  chat       POST */chat/completions            OpenAI Chat Completions (DashScope, Qwen Code, opencode, Ollama's /v1)
  messages   POST */messages, */count_tokens    Anthropic Messages (Claude Code)
  gemini     POST */models/M:generateContent, :streamGenerateContent, :countTokens, :embedContent (Gemini CLI)
  ollama     POST /api/chat /api/generate /api/show /api/embed, GET /api/tags /api/ps /api/version
  -          GET */models

What is answered is decided by DIRECTIVES in the latest user prompt, or by the first matching RULE instead:

  [[reply:TEXT]]        final text; {n} user turns seen, {first} first user prompt, {last} latest, {tool} last tool
                        result, {model} requested model. Default: "fake reply {n}: <latest prompt>"
  [[long:N]]            final text of N characters that never repeats (Gemini CLI cuts what looks like a loop)
  [[tool:shell:CMD]]    first make the CLI run CMD with its own shell tool; also tool:write:PATH=TEXT, tool:read:PATH
  [[call:NAME:JSON]]    call any tool by name (MCP: codex/claude mcp__SERVER__TOOL, gemini mcp_SERVER_TOOL).
                        Several tool/call directives run one per round trip, then the text comes
  [[reasoning:TEXT]]    reasoning/thinking before the text
  [[status:CODE]]       HTTP error in the dialect's own shape; [[status:CODE:N]] on the first N tries only
  [[code:NAME]] [[message:TEXT]] [[retry-after:S]]   that error's code/type, message, Retry-After (gemini: RetryInfo)
  [[stream-error:CODE]] HTTP 200, half of the text, then the dialect's in-stream error
  [[disconnect]]        close without an answer; [[disconnect:K]] after K text chunks
  [[delay:S]] [[chunk-delay:S]] [[chunk:CHARS]]   wait before the answer / between chunks; chunk size (default 400)
  [[usage:IN,CACHED,OUT,REASONING]]   token counts (default: characters / 4)

Models named no-such* or invalid* get the dialect's 404. Gemini's router/classifier side calls (they ask for JSON)
ignore the prompt's directives and get a minimal valid instance; a rule does hit them unless it names a model.

Control: GET /__control/requests, POST /__control/reset, POST /__control/rules
{"directives": "[[status:429]]", "prompt": REGEX, "api": REGEX, "model": REGEX, "times": N}; only directives is needed.

  with FakeModelAPI(api_key="k") as api:          # other keys get 401
      api.add_rule("[[status:429]]", times=2)
      run_the_cli(base_url=api.url); assert api.requests[-1]["model"] == "m"

  python3 fake_model_api.py [--port N] [--api-key K] [--log FILE]     # prints {"url": ...}
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
DIRECTIVE = re.compile(r"\[\[([a-z-]+)(?::((?:\[\[.*?\]\]|(?!\[\[|\]\]).)*))?\]\]", re.S)  # may hold one inner [[...]]
NOISE = re.compile(r"<(system-reminder|environment_context|user_instructions|session_context)>.*?</\1>", re.S)


def _write(path_key: str) -> Callable[[str], Json]:
    return lambda a: {path_key: a.partition("=")[0], "content": a.partition("=")[2]}


# What each CLI calls its tools: (name, directive argument -> tool arguments); the first one offered is used.
TOOLS: dict[str, list[tuple[str, Callable[[str], Any]]]] = {
    "shell": [
        ("exec_command", lambda a: {"cmd": a}),  # Codex
        ("shell_command", lambda a: {"command": a}),
        ("shell", lambda a: {"command": ["bash", "-lc", a]}),
        ("Bash", lambda a: {"command": a, "description": "Run a command"}),  # Claude Code
        ("run_shell_command", lambda a: {"command": a, "description": "Run a command", "is_background": False}),
        ("bash", lambda a: {"command": a, "description": "Run a command"}),
    ],  # opencode
    "write": [
        ("Write", _write("file_path")),
        ("write_file", _write("file_path")),
        ("write", _write("filePath")),
        (
            "exec_command",
            lambda a: {
                "cmd": "apply_patch <<'X'\n*** Begin Patch\n*** Add File: {}\n+{}\n*** End Patch\nX".format(
                    *a.split("=", 1)
                )
            },
        ),
    ],
    "read": [
        ("Read", lambda a: {"file_path": a}),
        ("read_file", lambda a: {"file_path": a}),
        ("read", lambda a: {"filePath": a}),
        ("exec_command", lambda a: {"cmd": f"cat {a}"}),
    ],
}
ANTHROPIC_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
GOOGLE_ERRORS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
OPENAI_ERRORS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("permission_error", None),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    503: ("server_error", "server_is_overloaded"),
}


def dump(value: Any) -> str:
    """JSON with raw UTF-8, but U+2028/9 escaped: Gemini CLI's stream reader takes them for line ends."""
    return json.dumps(value, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def new_id(prefix: str) -> str:
    return prefix + uuid.uuid4().hex[:24]


def prose(count: int) -> str:
    """`count` characters of numbered lines that never repeat."""
    lines: list[str] = []
    size = 0
    while size < count:
        n = len(lines) + 1
        lines.append(f"{n:06d} " + " ".join(format(n * k * 2654435761 % 2**32, "x") for k in range(1, 8)) + "\n")
        size += len(lines[-1])
    return "".join(lines)[:count]


def text_of(content: Any) -> str:
    """All text of a message's content in any dialect (string, parts, tool outputs)."""
    if isinstance(content, list):
        return "\n".join(filter(None, map(text_of, content)))
    if isinstance(content, dict):
        key = next((k for k in ("text", "output", "content", "response", "result", "error") if k in content), None)
        return text_of(content[key]) if key else json.dumps(content)
    return "" if content is None else str(content)


def sample(schema: Json, name: str = "") -> Any:
    """A minimal instance of a JSON schema."""
    if name == "next_speaker":  # Gemini CLI goes on and on if told that the model speaks next
        return "user"
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        props = schema.get("properties", {})
        return {k: sample(props.get(k, {"type": "string"}), k) for k in schema.get("required", list(props))}
    return {"array": [], "number": 1, "integer": 1, "boolean": False, "null": None}.get(kind, "fake")


@dataclass
class Chat:
    """One request, the same in every dialect."""

    api: str
    model: str
    stream: bool
    size: int = 0
    users: list[str] = field(default_factory=list)  # user prompts, oldest first
    answers: int = 0  # earlier assistant texts
    tool_results: list[str] = field(default_factory=list)  # since the latest user prompt
    tools: Json = field(default_factory=dict)  # offered tools by name
    schema: Json | None = None  # structured output asked for

    def add(self, role: str, text: str, tool: bool = False) -> None:
        if tool:
            self.tool_results.append(text)
        elif role == "user" and (text := NOISE.sub("", text).strip()):
            self.users.append(text)
            self.tool_results.clear()
        elif role in ("assistant", "model"):
            self.answers += 1


def parse(api: str, path: str, body: Json, size: int) -> Chat:
    chat = Chat(api, str(body.get("model", "")), bool(body.get("stream", api == "ollama")), size)
    if api == "gemini":
        match = re.search(r"/models/([^:]+):(\w+)", path)
        chat.model, chat.stream = (match[1], match[2] == "streamGenerateContent") if match else ("", False)
        for item in body.get("contents", []):
            parts = item.get("parts", [])
            for part in parts:
                if "functionResponse" in part:
                    chat.add("user", text_of(part["functionResponse"].get("response")), tool=True)
            chat.add(
                item.get("role", "user"), "\n".join(p["text"] for p in parts if p.get("text") and not p.get("thought"))
            )
        chat.tools = {f["name"]: f for t in body.get("tools", []) for f in t.get("functionDeclarations", [])}
        config = body.get("generationConfig", {})
        if config.get("responseMimeType") == "application/json":
            chat.schema = config.get("responseJsonSchema") or config.get("responseSchema") or {}
    elif api == "responses":
        items = body.get("input", [])
        for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
            kind = item.get("type", "message")
            if kind.endswith("_call_output"):
                chat.add("tool", text_of(item.get("output")), tool=True)
            elif kind == "message":
                chat.add(item.get("role", ""), text_of(item.get("content")))
        for tool in body.get("tools", []):
            chat.tools[tool.get("name", tool.get("type"))] = tool
            for inner in tool.get("tools", []):  # Codex groups MCP tools in namespaces
                chat.tools[f"{tool['name']}__{inner.get('name')}"] = {
                    "namespace": tool["name"],
                    "name": inner.get("name"),
                }
        chat.schema = ((body.get("text") or {}).get("format") or {}).get("schema")
    else:
        for item in body.get("messages", [{"role": "user", "content": body.get("prompt")}]):
            content = item.get("content")
            results = [p for p in content if p.get("type") == "tool_result"] if isinstance(content, list) else []
            for part in results:
                chat.add("tool", text_of(part.get("content")), tool=True)
            if isinstance(content, list):
                content = [] if results else [p for p in content if p.get("type") == "text"]
            chat.add(item.get("role", ""), text_of(content), tool=item.get("role") == "tool")
        chat.tools = {(t.get("function") or t).get("name", ""): t for t in body.get("tools") or []}
        wanted = (body.get("output_config") or {}).get("format") or body.get("response_format") or body.get("format")
        if isinstance(wanted, dict):
            chat.schema = (
                wanted.get("schema")
                or (wanted.get("json_schema") or {}).get("schema")
                or (wanted if "properties" in wanted else None)
            )
    return chat


@dataclass
class Plan:
    """What to answer."""

    options: dict[str, str] = field(default_factory=dict)
    status: int = 0
    text: str = ""
    reasoning: str = ""
    call: tuple[str, Any] | None = None  # (tool name, arguments)
    usage: tuple[int, int, int, int] = (0, 0, 0, 0)  # input (cached included), cached, output, reasoning


class Finished(Exception):
    """An answer that ended early on purpose."""


class FakeModelAPI:
    """The server: a context manager, or start() and stop()."""

    def __init__(self, port: int = 0, api_key: str | None = None, log: str | None = None) -> None:
        self.api_key, self.log = api_key, log
        self.requests: list[Json] = []  # every model-API request, oldest first
        self.rules: list[Json] = []
        self._tries: dict[str, int] = {}
        self._lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), type("BoundHandler", (Handler,), {"fake": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def start(self) -> FakeModelAPI:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        self.stop()

    def reset(self) -> None:
        with self._lock:
            self.requests.clear()
            self.rules.clear()
            self._tries.clear()

    def add_rule(self, directives: str, **match: Any) -> None:
        self.rules.append({"directives": directives, **match})

    def record(self, entry: Json) -> None:
        with self._lock:
            self.requests.append(entry)
            if self.log:
                with open(self.log, "a", encoding="utf-8") as out:
                    out.write(json.dumps(entry) + "\n")

    def _rule(self, chat: Chat, prompt: str) -> str:
        for rule in self.rules:
            wants = ((rule.get("prompt"), prompt), (rule.get("api"), chat.api), (rule.get("model"), chat.model))
            if rule.get("times", 1) > 0 and all(want is None or re.search(want, value) for want, value in wants):
                if "times" in rule:
                    rule["times"] -= 1
                return str(rule["directives"])
        return ""

    def plan(self, chat: Chat) -> Plan:
        prompt = chat.users[-1] if chat.users else ""
        side_call = chat.api == "gemini" and chat.schema is not None
        with self._lock:
            found = DIRECTIVE.findall(self._rule(chat, prompt) or ("" if side_call else prompt))
            plan = Plan(options=dict(reversed(found)))  # the first of a name wins
            opt = plan.options
            if "status" in opt:
                code, _, limit = opt["status"].partition(":")
                tries = self._tries[prompt] = self._tries.get(prompt, 0) + 1
                plan.status = int(code) if not limit or tries <= int(limit) else 0
        calls = [(kind, *value.partition(":")[::2]) for kind, value in found if kind in ("tool", "call")]
        if len(chat.tool_results) < len(calls):
            kind, name, argument = calls[len(chat.tool_results)]
            if kind == "call":
                plan.call = (name, json.loads(argument or "{}"))
            else:
                plan.call = next(((tool, make(argument)) for tool, make in TOOLS[name] if tool in chat.tools), None)
        tool = chat.tool_results[-1] if chat.tool_results else ""
        if "long" in opt:
            plan.text = prose(int(opt["long"]))
        elif "reply" in opt:
            values = {
                "n": str(len(chat.users)),
                "first": (chat.users or [""])[0],
                "last": prompt,
                "model": chat.model,
                "tool": tool,
            }
            plan.text = re.sub(r"\{(n|first|last|tool|model)\}", lambda m: values[m[1]], opt["reply"])
        elif chat.schema is not None:
            plan.text = json.dumps(sample(chat.schema))
        else:
            plan.text = f"fake reply {len(chat.users)}: {DIRECTIVE.sub('', prompt).strip()[:200]}" + (
                tool and f" | tool: {tool[:500]}"
            )
        plan.reasoning = opt.get("reasoning", "")
        tokens = chat.size // 4 + 1
        usage = [tokens, tokens // 2 if chat.answers or tool else 0, len(plan.text) // 4 + 1, len(plan.reasoning) // 4]
        given = [int(n) for n in opt.get("usage", "").split(",") if n]
        plan.usage = (*given, *usage[len(given) :])  # type: ignore[assignment]
        return plan


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeModelAPI

    def log_message(self, *_: object) -> None:
        pass

    # -- plumbing ---------------------------------------------------------------------------------
    def read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            data = b""
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def send_json(self, value: Any, status: int = 200, extra: dict[str, str] | None = None) -> None:
        data = dump(value).encode()
        self.send_response(status)
        for key, item in {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            **(extra or {}),
        }.items():
            self.send_header(key, item)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def begin(self, kind: str = "text/event-stream") -> None:
        self.send_response(200)
        for key, item in {"Content-Type": kind, "Transfer-Encoding": "chunked", "request-id": new_id("req_")}.items():
            self.send_header(key, item)
        self.end_headers()

    def put(self, text: str) -> None:
        raw = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
        self.wfile.flush()

    def sse(self, value: Any, event: str = "") -> None:
        self.put(
            (f"event: {event}\n" if event else "") + f"data: {value if isinstance(value, str) else dump(value)}\n\n"
        )

    def text_chunks(self, plan: Plan, send_error: Callable[[int], None]) -> Iterator[str]:
        """The text's chunks, with the pauses, the break-off or the in-stream error that the plan asks for."""
        opt, size = plan.options, int(plan.options.get("chunk", 400))
        chunks = [plan.text[i : i + size] for i in range(0, len(plan.text), size)]
        for index, chunk in enumerate(chunks):
            if opt.get("disconnect") and index >= int(opt["disconnect"]):
                raise ConnectionAbortedError
            if "stream-error" in opt and index * 2 >= len(chunks):
                break
            yield chunk
            time.sleep(float(opt.get("chunk-delay", 0)))
        if "stream-error" in opt:
            send_error(int(opt["stream-error"]))
            raise Finished

    # -- routes -----------------------------------------------------------------------------------
    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/__control/requests":
            return self.send_json(self.fake.requests)
        self.fake.record(
            {
                "time": time.time(),
                "method": self.command,
                "path": self.path,
                "api": "get",
                "headers": {k.lower(): v for k, v in self.headers.items()},
            }
        )
        names = ["fake-model", "qwen3-coder-plus", "llama3.2:latest"]
        details = {"format": "gguf", "family": "llama", "parameter_size": "3.2B", "quantization_level": "Q4_K_M"}
        if self.headers.get("Upgrade"):  # Codex's built-in provider: 426 makes it use plain HTTP at once
            return self.send_json({"error": {"message": "no websocket here", "type": "upgrade_required"}}, 426)
        if path in ("/api/tags", "/api/ps"):
            return self.send_json(
                {
                    "models": [
                        {
                            "name": n,
                            "model": n,
                            "size": 2019393189,
                            "digest": "0" * 64,
                            "details": details,
                            "modified_at": "2025-01-01T00:00:00Z",
                        }
                        for n in names
                    ]
                }
            )
        if path == "/api/version":
            return self.send_json({"version": "0.12.0"})
        if path.endswith("/models"):
            return self.send_json(
                {"object": "list", "data": [{"id": n, "object": "model", "owned_by": "fake"} for n in names]}
            )
        self.send_json({"error": {"message": f"no route {path}", "type": "not_found"}}, 404)
        return None

    do_HEAD = do_GET

    def do_POST(self) -> None:
        raw, path = self.read_body(), urlsplit(self.path).path
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            body = {}
        if path.startswith("/__control/"):
            self.fake.reset() if path.endswith("/reset") else self.fake.rules.append(body)
            return self.send_json({"ok": True})
        ends = {
            "/responses": "responses",
            "/chat/completions": "chat",
            "/messages": "messages",
            "/count_tokens": "messages",
            "/api/chat": "ollama",
            "/api/generate": "ollama",
            "/api/show": "ollama",
            "/api/embed": "ollama",
        }
        api = (
            "gemini"
            if re.search(r"/models/[^/]+:\w+$", path)
            else next((a for e, a in ends.items() if path.endswith(e)), "")
        )
        headers = {k.lower(): v for k, v in self.headers.items()}
        chat = parse(api, path, body, len(raw)) if api else Chat("", "", False)
        entry = {
            "time": time.time(),
            "method": "POST",
            "path": self.path,
            "api": api,
            "model": chat.model,
            "prompt": chat.users[-1] if chat.users else "",
            "headers": headers,
            "body": body,
        }
        self.fake.record(entry)
        sent = (
            headers.get("authorization", "").removeprefix("Bearer ")
            or headers.get("x-api-key")
            or headers.get("x-goog-api-key")
            or parse_qs(urlsplit(self.path).query).get("key", [""])[0]
        )
        try:
            if not api:
                return self.send_json({"error": {"message": f"no route {path}", "type": "not_found"}}, 404)
            if self.fake.api_key and api != "ollama" and sent != self.fake.api_key:
                return self.fail(api, 401, {})
            if re.match(r"no-such|invalid", chat.model):
                return self.fail(api, 404, {"message": f"The model `{chat.model}` does not exist"})
            if path.endswith(("/count_tokens", ":countTokens")):
                return self.send_json({"totalTokens" if api == "gemini" else "input_tokens": len(raw) // 4 + 1})
            if path.endswith((":embedContent", "/api/embed")):
                return self.send_json(
                    {"embedding": {"values": [0.0] * 8}, "embeddings": [[0.0] * 8], "model": chat.model}
                )
            if path.endswith("/api/show"):
                return self.send_json(
                    {
                        "capabilities": ["completion", "tools"],
                        "details": {"family": "llama"},
                        "model_info": {"general.architecture": "llama", "llama.context_length": 32768},
                    }
                )
            try:
                plan = self.fake.plan(chat)
            except (ValueError, KeyError) as problem:  # a directive that makes no sense
                return self.fail(api, 400, {"message": f"bad directive: {problem!r}"})
            entry["planned"] = {
                "status": plan.status or 200,
                "text": plan.text[:200],
                "call": plan.call,
                "usage": plan.usage,
            }
            time.sleep(float(plan.options.get("delay", 0)))
            if plan.options.get("disconnect") == "":
                raise ConnectionAbortedError
            if plan.status:
                return self.fail(api, plan.status, plan.options)
            with contextlib.suppress(Finished):
                getattr(self, "say_" + api)(chat, plan)
            if chat.stream:
                self.wfile.write(b"0\r\n\r\n")
        except (ConnectionError, TimeoutError) as problem:  # ours ([[disconnect]]) or the client's
            entry["broken"] = type(problem).__name__
            self.close_connection = True

    # -- errors -----------------------------------------------------------------------------------
    def error_body(self, api: str, status: int, opt: dict[str, str]) -> Json:
        message = opt.get("message", f"fake error {status}")
        if api == "messages":
            return {
                "type": "error",
                "request_id": new_id("req_"),
                "error": {"type": opt.get("code") or ANTHROPIC_ERRORS.get(status, "api_error"), "message": message},
            }
        if api == "gemini":
            details: list[Json] = []
            if "code" in opt:
                details.append(
                    {
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": opt["code"],
                        "domain": "googleapis.com",
                    }
                )
            if "retry-after" in opt:
                details.append(
                    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": opt["retry-after"] + "s"}
                )
            return {
                "error": {
                    "code": status,
                    "message": message,
                    "status": GOOGLE_ERRORS.get(status, "UNKNOWN"),
                    **({"details": details} if details else {}),
                }
            }
        if api == "ollama":
            return {"error": message}
        kind, code = OPENAI_ERRORS.get(status, ("server_error", None))
        return {
            "error": {
                "message": message,
                "type": opt.get("code") or kind,
                "param": None,
                "code": opt.get("code") or code,
            }
        }

    def fail(self, api: str, status: int, opt: dict[str, str]) -> None:
        extra = {"retry-after": opt["retry-after"]} if "retry-after" in opt else {}
        self.send_json(self.error_body(api, status, opt), status, extra)

    # -- OpenAI Responses -------------------------------------------------------------------------
    def say_responses(self, chat: Chat, plan: Plan) -> None:
        tin, cached, tout, thought = plan.usage
        base = {
            "id": new_id("resp_"),
            "object": "response",
            "created_at": int(time.time()),
            "model": chat.model,
            "output": [],
        }
        done: list[Json] = []

        def emit(kind: str, **data: Any) -> None:
            if chat.stream:
                self.sse({"type": kind, **data}, kind)

        def item(value: Json) -> None:
            emit("response.output_item.done", output_index=len(done), item=value)
            done.append(value)

        def error(code: int) -> None:
            emit(
                "response.failed",
                response={
                    **base,
                    "status": "failed",
                    "error": {
                        "code": plan.options.get("code") or ("rate_limit_exceeded" if code == 429 else "server_error"),
                        "message": plan.options.get("message", f"fake stream error {code}"),
                    },
                },
            )

        if chat.stream:
            self.begin()
        emit("response.created", response={**base, "status": "in_progress"})
        if plan.reasoning:
            item(
                {
                    "type": "reasoning",
                    "id": new_id("rs_"),
                    "encrypted_content": "ZmFrZQ==",
                    "summary": [{"type": "summary_text", "text": plan.reasoning}],
                }
            )
        if plan.call:
            name, args = plan.call
            inner = chat.tools.get(name, {})
            where = {"name": inner["name"], "namespace": inner["namespace"]} if "namespace" in inner else {"name": name}
            item(
                {
                    "type": "function_call",
                    "id": new_id("fc_"),
                    "call_id": new_id("call_"),
                    "status": "completed",
                    **where,
                    "arguments": json.dumps(args),
                }
            )
        else:
            message = {
                "type": "message",
                "id": new_id("msg_"),
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": plan.text, "annotations": []}],
            }
            at = {"item_id": message["id"], "output_index": len(done), "content_index": 0}
            emit(
                "response.output_item.added",
                output_index=len(done),
                item={**message, "status": "in_progress", "content": []},
            )
            for chunk in self.text_chunks(plan, error):
                emit("response.output_text.delta", **at, delta=chunk)
            emit("response.output_text.done", **at, text=plan.text)
            item(message)
        final = {
            **base,
            "status": "completed",
            "output": done,
            "usage": {
                "input_tokens": tin,
                "input_tokens_details": {"cached_tokens": cached},
                "output_tokens": tout + thought,
                "output_tokens_details": {"reasoning_tokens": thought},
                "total_tokens": tin + tout + thought,
            },
        }
        emit("response.completed", response=final)
        if not chat.stream:
            self.send_json(final)

    # -- OpenAI Chat Completions --------------------------------------------------------------------
    def say_chat(self, chat: Chat, plan: Plan) -> None:
        tin, cached, tout, thought = plan.usage
        base = {"id": new_id("chatcmpl-"), "created": int(time.time()), "model": chat.model}
        usage = {
            "prompt_tokens": tin,
            "completion_tokens": tout + thought,
            "total_tokens": tin + tout + thought,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": thought},
        }
        calls = (
            [
                {
                    "index": 0,
                    "id": new_id("call_"),
                    "type": "function",
                    "function": {"name": plan.call[0], "arguments": json.dumps(plan.call[1])},
                }
            ]
            if plan.call
            else []
        )
        finish = "tool_calls" if calls else "stop"
        if not chat.stream:
            message = {
                "role": "assistant",
                "content": None if calls else plan.text,
                **({"tool_calls": calls} if calls else {}),
                **({"reasoning_content": plan.reasoning} if plan.reasoning else {}),
            }
            return self.send_json(
                {
                    **base,
                    "object": "chat.completion",
                    "usage": usage,
                    "choices": [{"index": 0, "message": message, "finish_reason": finish}],
                }
            )
        base["object"] = "chat.completion.chunk"

        def emit(delta: Json, reason: str | None = None) -> None:
            self.sse({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

        self.begin()
        emit({"role": "assistant", "content": ""})
        if plan.reasoning:
            emit({"reasoning_content": plan.reasoning})
        if calls:
            emit({"tool_calls": calls})
        else:
            for chunk in self.text_chunks(plan, lambda code: self.sse(self.error_body("chat", code, plan.options))):
                emit({"content": chunk})
        emit({}, finish)
        self.sse({**base, "choices": [], "usage": usage})  # always; the real APIs want stream_options.include_usage
        self.sse("[DONE]")
        return None

    # -- Anthropic Messages -------------------------------------------------------------------------
    def say_messages(self, chat: Chat, plan: Plan) -> None:
        tin, cached, tout, thought = plan.usage
        usage = {
            "input_tokens": tin - cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": cached,
            "output_tokens": tout + thought,
        }
        blocks: list[Json] = (
            [{"type": "thinking", "thinking": plan.reasoning, "signature": "ZmFrZQ=="}] if plan.reasoning else []
        )
        blocks.append(
            {"type": "tool_use", "id": new_id("toolu_"), "name": plan.call[0], "input": plan.call[1]}
            if plan.call
            else {"type": "text", "text": plan.text}
        )
        end = {"stop_reason": "tool_use" if plan.call else "end_turn", "stop_sequence": None}
        message = {
            "id": new_id("msg_"),
            "type": "message",
            "role": "assistant",
            "model": chat.model,
            "content": blocks,
            **end,
            "usage": usage,
        }
        if not chat.stream:
            return self.send_json(message)

        def emit(kind: str, **data: Any) -> None:
            self.sse({"type": kind, **data}, kind)

        def delta(index: int, kind: str, key: str, value: str) -> None:
            emit("content_block_delta", index=index, delta={"type": kind, key: value})

        self.begin()
        emit(
            "message_start",
            message={**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}},
        )
        for i, block in enumerate(blocks):
            empty: dict[str, Json] = {
                "text": {"text": ""},
                "thinking": {"thinking": "", "signature": ""},
                "tool_use": {"input": {}},
            }
            emit("content_block_start", index=i, content_block={**block, **empty[block["type"]]})
            if block["type"] == "text":
                for chunk in self.text_chunks(
                    plan, lambda c: self.sse(self.error_body("messages", c, plan.options), "error")
                ):
                    delta(i, "text_delta", "text", chunk)
            elif block["type"] == "thinking":
                delta(i, "thinking_delta", "thinking", plan.reasoning)
                delta(i, "signature_delta", "signature", "ZmFrZQ==")
            else:
                delta(i, "input_json_delta", "partial_json", json.dumps(block["input"]))
            emit("content_block_stop", index=i)
        emit("message_delta", delta=end, usage=usage)
        emit("message_stop")
        return None

    # -- Gemini -------------------------------------------------------------------------------------
    def say_gemini(self, chat: Chat, plan: Plan) -> None:
        tin, cached, tout, thought = plan.usage
        usage = {
            "promptTokenCount": tin,
            "cachedContentTokenCount": cached,
            "candidatesTokenCount": tout,
            "thoughtsTokenCount": thought,
            "totalTokenCount": tin + tout + thought,
        }

        def reply(part: Json, last: bool = False) -> Json:
            return {
                "candidates": [
                    {
                        "content": {"role": "model", "parts": [part]},
                        "index": 0,
                        **({"finishReason": "STOP"} if last else {}),
                    }
                ],
                "modelVersion": chat.model,
                "responseId": new_id(""),
                **({"usageMetadata": usage} if last else {}),
            }

        call: Json | None = {"functionCall": {"name": plan.call[0], "args": plan.call[1]}} if plan.call else None
        if not chat.stream:
            return self.send_json(reply(call or {"text": plan.text}, True))
        self.begin()
        if plan.reasoning:
            self.sse(reply({"text": plan.reasoning, "thought": True}))
        if not call:
            for chunk in self.text_chunks(plan, lambda code: self.sse(self.error_body("gemini", code, plan.options))):
                self.sse(reply({"text": chunk}))
        self.sse(reply(call or {"text": ""}, True))
        return None

    # -- Ollama native --------------------------------------------------------------------------------
    def say_ollama(self, chat: Chat, plan: Plan) -> None:
        generate = urlsplit(self.path).path.endswith("generate")
        stats = {
            "done": True,
            "done_reason": "stop",
            "total_duration": 10**9,
            "load_duration": 10**7,
            "prompt_eval_count": plan.usage[0],
            "prompt_eval_duration": 10**8,
            "eval_count": plan.usage[2],
            "eval_duration": 10**8,
        }

        def reply(text: str, last: bool = False, thinking: str = "") -> Json:
            part: Json = {"response": text} if generate else {"message": {"role": "assistant", "content": text}}
            inner = part if generate else part["message"]
            inner.update({"thinking": thinking} if thinking else {})
            if last and plan.call and not generate:
                inner["tool_calls"] = [{"function": {"name": plan.call[0], "arguments": plan.call[1]}}]
            return {
                "model": chat.model,
                "created_at": "2025-01-01T00:00:00Z",
                **part,
                **(stats if last else {"done": False}),
            }

        def line(value: Json) -> None:
            self.put(dump(value) + "\n")

        if not chat.stream:
            return self.send_json(reply("" if plan.call else plan.text, True, plan.reasoning))
        self.begin("application/x-ndjson")
        if plan.reasoning:
            line(reply("", thinking=plan.reasoning))
        if not plan.call:
            for chunk in self.text_chunks(plan, lambda code: line(self.error_body("ollama", code, plan.options))):
                line(reply(chunk))
        line(reply("", True))
        return None


def main() -> None:
    ap = argparse.ArgumentParser(description="Fake model APIs on loopback.")
    ap.add_argument("--port", type=int, default=0)
    ap.add_argument("--api-key", help="answer 401 unless the client sends this key")
    ap.add_argument("--log", help="append each request to this JSONL file")
    args = ap.parse_args()
    fake = FakeModelAPI(args.port, args.api_key, args.log).start()
    print(json.dumps({"url": fake.url}), flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        fake.stop()


if __name__ == "__main__":
    main()
