"""How each provider says an answer and each kind of fault: the rows of the contract suite (`test_contract.py`).

Lines have the shapes of the recordings (`tests/recordings`), which `test_recordings.py` replays whole; here they are as
short as they can be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from adapters.replay import lines
from modelmuxd.adapters.a2a import A2aAgent
from modelmuxd.adapters.acp import AcpAgent
from modelmuxd.adapters.base import Adapter
from modelmuxd.adapters.claude import Claude
from modelmuxd.adapters.codex import Codex
from modelmuxd.adapters.dashscope import DashScope
from modelmuxd.adapters.gemini import Gemini
from modelmuxd.adapters.ollama import Ollama
from modelmuxd.adapters.openai_compatible import OpenAICompatible
from modelmuxd.adapters.opencode import Opencode
from modelmuxd.adapters.own_command import OwnCommand
from modelmuxd.adapters.qwen import Qwen
from modelmuxd.adapters.testing import Said, Voice
from muxwire.words import FaultKind

Faults = Mapping[FaultKind, Said]

READ_ONLY = frozenset({"read-only"})
WORDS: dict[FaultKind, str] = {
    "auth": "authentication failed",
    "quota": "You exceeded your current quota",
    "rate_limit": "429 Too Many Requests",
    "overloaded": "The model is overloaded",
    "transient": "connection reset by peer",
    "context_too_long": "prompt is too long: 300000 tokens",
    "refused": "blocked due to safety",
    "crashed": "segmentation of the mind",
}
"""What any program may say of its trouble."""


def codex() -> Voice:
    def answers(text: str, session: str) -> Said:
        item = {"type": "agent_message", "text": text}
        usage = {"input_tokens": 9, "cached_input_tokens": 0, "output_tokens": 1}
        return Said(
            lines(
                {"type": "thread.started", "thread_id": session},
                {"type": "turn.started"},
                {"type": "item.completed", "item": item},
                {"type": "turn.completed", "usage": usage},
            )
        )

    def failed(message: str) -> Said:
        return Said(lines({"type": "turn.failed", "error": {"message": message}}), code=1)

    faults: Faults = {
        "auth": failed("unexpected status 401 Unauthorized: Incorrect API key provided"),
        "quota": failed("You've hit your usage limit. Try again in 3 days."),
        "rate_limit": failed("exceeded retry limit, last status: 429 Too Many Requests"),
        "overloaded": failed("Selected model is at capacity. Please try a different model."),
        "transient": failed("stream disconnected before completion: connection reset"),
        "invalid_request": failed("The model `gpt-9` does not exist or you do not have access to it."),
        "context_too_long": failed("Codex ran out of room in the model's context window."),
        "refused": failed("This request was blocked due to a misalignment policy violation."),
        "crashed": Said(stderr=b"thread 'main' panicked at src/main.rs:1:1\n", code=101),
    }
    return Voice(Codex(), answers, faults)


def claude() -> Voice:
    def answers(text: str, session: str) -> Said:
        message = {"model": "claude-sonnet-4-5", "content": [{"type": "text", "text": text}]}
        return Said(
            lines(
                {"type": "system", "subtype": "init", "session_id": session, "model": "claude-sonnet-4-5"},
                {"type": "assistant", "message": message, "session_id": session},
                {"type": "result", "is_error": False, "result": text, "session_id": session, "total_cost_usd": 0.1},
            )
        )

    def failed(said: str, word: str | None = None, status: int | None = None) -> Said:
        made_up = {"model": "<synthetic>", "content": [{"type": "text", "text": said}]}
        end = {"type": "result", "is_error": True, "result": said, "api_error_status": status}
        return Said(lines({"type": "assistant", "message": made_up, "error": word}, end), code=1)

    faults: Faults = {
        "auth": failed("Invalid API key · Please run /login", "authentication_failed", 401),
        "quota": failed("Credit balance is too low", "billing_error", 400),
        "rate_limit": failed("API Error: Request rejected (429)", "rate_limit", 429),
        "overloaded": failed("API Error: Repeated 529 Overloaded errors", "overloaded", 529),
        "transient": failed("API Error: 500 internal", "server_error", 500),
        "invalid_request": failed("There's an issue with the selected model", "model_not_found", 404),
        "context_too_long": failed("Prompt is too long", "invalid_request", 400),
        "refused": failed("Claude Code is unable to respond: it violates our Usage Policy", "invalid_request", 400),
        "crashed": Said(stderr=b"TypeError: undefined is not a function\n", code=1),
    }
    return Voice(Claude(), answers, faults)


def gemini() -> Voice:
    def answers(text: str, session: str) -> Said:
        half = len(text) // 2
        said = [
            {"type": "message", "role": "assistant", "content": piece, "delta": True}
            for piece in (text[:half], text[half:])
        ]
        return Said(
            lines(
                {"type": "init", "session_id": session, "model": "gemini-2.5-pro"},
                {"type": "message", "role": "user", "content": "t"},
                *said,
                {"type": "result", "status": "success", "stats": {}},
            )
        )

    def failed(code: int, message: str, exit: int = 1, **more: Any) -> Said:
        error = json.dumps({"error": {"code": code, "message": message, **more}})
        end = {"type": "result", "status": "error", "error": {"type": "Error", "message": f"[API Error: {error}]"}}
        return Said(lines(end), code=exit)

    faults: Faults = {
        "auth": failed(400, "API key not valid. Please pass a valid API key."),
        "quota": failed(429, "You exceeded your current quota, limit: 0"),
        "rate_limit": failed(429, "Resource exhausted"),
        "overloaded": failed(503, "The model is overloaded."),
        "transient": failed(500, "Internal error encountered."),
        "invalid_request": failed(404, "models/gemini-9 is not found for API version v1beta"),
        "context_too_long": failed(400, "The input token count exceeds the maximum number of tokens allowed"),
        "refused": failed(400, "The prompt was blocked due to safety"),
        "crashed": Said(stderr=b"ReferenceError: x is not defined\n", code=1),
    }
    return Voice(Gemini(), answers, faults)


def qwen() -> Voice:
    def said(text: str, session: str, paid: int) -> Said:
        usage = {"input_tokens": paid, "output_tokens": paid}
        message = {"model": "qwen3-max", "content": [{"type": "text", "text": text}], "usage": usage}
        return Said(
            lines(
                {"type": "system", "subtype": "init", "session_id": session, "model": "qwen3-max"},
                {"type": "assistant", "message": message, "session_id": session},
                {"type": "result", "is_error": False, "result": text, "session_id": session},
            )
        )

    def failed(error: str) -> Said:
        return said(f"[API Error: {error}]", "0b9d9f1e", 0)

    faults: Faults = {
        "auth": failed("401 Incorrect API key provided"),
        "quota": failed("429 You exceeded your current quota, please check your plan and billing details."),
        "rate_limit": failed("429 Rate limit reached for requests"),
        "overloaded": failed("503 The model is overloaded"),
        "transient": failed("Connection error. (cause: fetch failed)"),
        "invalid_request": failed("404 The model `qwen9` does not exist"),
        "context_too_long": failed("400 This model's maximum context length is 131072 tokens."),
        "refused": failed("400 Output blocked by the content_filter"),
        "crashed": Said(stderr=b"ReferenceError: x is not defined\n", code=1),
    }
    return Voice(Qwen(), lambda text, session: said(text, session, 1), faults)


def opencode() -> Voice:
    def answers(text: str, session: str) -> Said:
        steps = (
            {"type": "step_start", "part": {}},
            {"type": "text", "part": {"text": text}},
            {"type": "step_finish", "part": {"reason": "stop", "tokens": {"input": 1, "output": 1}}},
        )
        return Said(lines(*({**step, "sessionID": session} for step in steps)))

    def failed(said: str, name: str = "APIError", status: int | None = None) -> Said:
        error = {"name": name, "data": {"message": said, "statusCode": status}}
        return Said(lines({"type": "error", "sessionID": "ses_1", "error": error}), code=1)

    def retried(said: str) -> Said:
        status = {"type": "retry", "attempt": 1, "message": said, "next": 1795581091383}
        return Said(lines({"type": "retry", "sessionID": "ses_1", "status": status}), code=1)

    faults: Faults = {
        "auth": failed("Incorrect API key provided", status=401),
        "quota": retried("You exceeded your current quota, please check your plan and billing details."),
        "rate_limit": retried("Rate limit reached for requests"),
        "overloaded": retried("The engine is currently overloaded"),
        "transient": retried("Cannot connect to API: Unable to connect. Is the computer able to access the url?"),
        "invalid_request": failed("The model does not exist", status=404),
        "context_too_long": failed("This model's maximum context length is 8192 tokens.", "ContextOverflowError"),
        "refused": failed("Output blocked by the content_filter", status=400),
        "crashed": Said(stderr=b"panic(main thread): Segmentation fault\n", code=1),
    }
    return Voice(Opencode(), answers, faults)


def chat_faults(body: Callable[[str], object]) -> Faults:
    """As runner/http.py tells of a server's refusal: with its status, and what it says itself."""

    def failed(status: int, said: str) -> Said:
        return Said(lines({"mux": "failed", "status": status, "body": body(said)}), code=1)

    return {
        "auth": failed(401, "Incorrect API key provided"),
        "quota": failed(429, "You exceeded your current quota, please check your plan"),
        "rate_limit": failed(429, "Rate limit reached"),
        "overloaded": failed(503, "The engine is overloaded"),
        "transient": failed(502, "Bad gateway"),
        "invalid_request": failed(404, "The model does not exist"),
        "context_too_long": failed(400, "This model's maximum context length is 8192 tokens"),
        "refused": failed(400, "flagged as violating our content policy"),
        "crashed": Said(stderr=b"Traceback (most recent call last):\n", code=1),
    }


def completions(adapter: Adapter) -> Voice:
    def answers(text: str, session: str) -> Said:
        chunk = {"choices": [{"delta": {"content": text}}], "model": "m"}
        last = {"choices": [{"delta": {}, "finish_reason": "stop"}], "model": "m"}
        return Said(lines({"mux": "asked", "model": "m"}, chunk, last, {"mux": "done"}))

    faults = chat_faults(lambda said: {"error": {"message": said}})
    return Voice(adapter, answers, faults, keeps=READ_ONLY)


def ollama() -> Voice:
    def answers(text: str, session: str) -> Said:
        chunk = {"model": "m", "message": {"role": "assistant", "content": text}, "done": False}
        last = {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop", "eval_count": 1}
        return Said(lines({"mux": "asked", "model": "m"}, chunk, last, {"mux": "done"}))

    return Voice(Ollama(), answers, chat_faults(lambda said: {"error": said}), keeps=READ_ONLY)


def own_text() -> Voice:
    adapter = OwnCommand("mine", "my-agent", ("--in", "{workdir}"), output="text", env=())
    faults: Faults = {kind: Said(stderr=f"error: {said}\n".encode(), code=1) for kind, said in WORDS.items()}
    return Voice(
        adapter,
        lambda text, _session: Said(text.encode()),
        faults,
        never=frozenset({"invalid_request"}),
        lines=False,
        last_word=False,
        sessions=False,
        enforces=False,
    )


def own_jsonl() -> Voice:
    adapter = OwnCommand("mine", "my-agent", ("--resume={session_id}",), output="jsonl", env=())
    faults: Faults = {kind: Said(lines({"error": said}), code=1) for kind, said in WORDS.items()}
    return Voice(
        adapter,
        lambda text, session: Said(lines({"session_id": session}, {"text": text[:3]}, {"text": text[3:]})),
        faults,
        never=frozenset({"invalid_request"}),
        last_word=False,
        enforces=False,
    )


def acp() -> Voice:
    def answers(text: str, session: str) -> Said:
        update = {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}
        return Said(
            lines(
                {"acp": "session", "id": session},
                {"acp": "update", "update": update},
                {"acp": "end", "result": {"stopReason": "end_turn"}},
            )
        )

    def failed(said: str) -> Said:
        return Said(lines({"acp": "error", "error": {"code": -32603, "message": said}}), code=1)

    faults: Faults = {kind: failed(said) for kind, said in WORDS.items()}
    return Voice(
        AcpAgent("zed", "zed-agent", ("acp",), python="/bin/python", env=()),
        answers,
        {**faults, "refused": Said(lines({"acp": "end", "result": {"stopReason": "refusal"}}))},
        never=frozenset({"invalid_request"}),
        enforces=False,
    )


def a2a() -> Voice:
    def answers(text: str, session: str) -> Said:
        return Said(
            lines(
                {"a2a": "task", "id": "t-1", "context": session},
                {"a2a": "end", "state": "completed", "text": text},
            )
        )

    def failed(said: str, status: int = 0) -> Said:
        return Said(lines({"a2a": "error", "status": status, "message": said}), code=1)

    faults: Faults = {kind: failed(said) for kind, said in WORDS.items()}
    return Voice(
        A2aAgent("afar", "https://agents.example", token="", pattern="", program="/bin/python"),
        answers,
        {
            **faults,
            "auth": failed("Unauthorized", 401),
            "invalid_request": failed("Not found", 404),
            "crashed": Said(lines({"a2a": "end", "state": "failed", "text": "it broke"}), code=1),
        },
        enforces=False,
    )


VOICES: dict[str, Callable[[], Voice]] = {
    "codex": codex,
    "claude": claude,
    "gemini": gemini,
    "qwen": qwen,
    "opencode": opencode,
    "ollama": ollama,
    "dashscope": lambda: completions(DashScope()),
    "openai_compatible": lambda: completions(
        OpenAICompatible("local", title="Local", base_url="http://127.0.0.1:8000/v1", keys=(), model="m")
    ),
    "own_command, text": own_text,
    "own_command, jsonl": own_jsonl,
    "acp": acp,
    "a2a": a2a,
}
"""One row per adapter."""
