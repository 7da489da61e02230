"""Chat servers that answer what none should: each end has a name, and nothing is read without a bound."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from engine.stage import Stage
from modelmuxd.adapters.openai_compatible import OpenAICompatible
from muxwire.runs import RunResult

pytestmark = pytest.mark.anyio

KEY = "LAB_API_KEY"
MODELS = b'{"data":[{"id":"m"}]}'


def said(text: str) -> bytes:
    """A whole stream that says it, as raw as it stands."""
    piece = json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}, ensure_ascii=False)
    return f"data: {piece}\n\ndata: [DONE]\n\n".encode()


async def ask(
    root: Path, models: bytes, stream: bytes, status: int = 200, headers: Mapping[str, str] = {}, key: str = ""
) -> RunResult:
    """One task without a model, to a server that answers these bytes."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            self.send(models)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send(stream)

        def send(self, raw: bytes) -> None:
            self.send_response(status if raw is stream or not stream else 200)
            for name, value in (headers if raw is stream else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stage = Stage(root)
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        stage.adapters = {"lab": OpenAICompatible("lab", title="Lab", base_url=url, keys=(KEY,) if key else ())}  # type: ignore[dict-item]
        async with stage.engine() as engine:
            secrets = {KEY: key} if key else {}
            run = await stage.run(engine, "x", provider="lab", max_retries=1, secrets=secrets)
        server.shutdown()
    return run


@pytest.mark.parametrize("text", ["one\u2028two", "one\u0085two\u2029three", "\u000bone\u001c"])
async def test_lines_end_at_line_feeds_only(tmp_path: Path, text: str) -> None:
    run = await ask(tmp_path, MODELS, said(text))
    assert (run.status, run.output) == ("success", text)


@pytest.mark.parametrize(
    "models",
    [b"<html>", b"[]", b'{"data":{"id":"m"}}', b'{"data":["m",7,null]}', b'{"models":[]}', b" " * (9 << 20)],
)
async def test_a_list_of_models_that_cannot_be_read_is_told(tmp_path: Path, models: bytes) -> None:
    run = await ask(tmp_path, models, said("x"))
    assert run.error is not None
    assert "Traceback" not in run.error.message
    assert run.error.code == "invalid_request"


async def test_a_list_of_models_that_is_refused_is_a_refusal(tmp_path: Path) -> None:
    run = await ask(tmp_path, b'{"error":{"message":"no"}}', b"", status=401)
    assert run.error is not None
    assert run.error.code == "auth"


async def test_a_stream_without_an_end_is_not_held(tmp_path: Path) -> None:
    run = await ask(tmp_path, MODELS, b"data: " + b"x" * (65 << 20))
    assert run.error is not None
    assert (run.error.code, "MiB" in run.error.message) == ("output_limit", True)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("length", "output_limit"),
        ("content_filter", "refused"),
        ("sensitive", "refused"),
        ("tool_calls", "invalid_request"),
        ("insufficient_system_resource", "overloaded"),
    ],
)
async def test_a_reason_to_stop_that_is_no_end_of_an_answer_is_a_fault(tmp_path: Path, reason: str, code: str) -> None:
    run = await ask(tmp_path, MODELS, said("half").replace(b'"stop"', f'"{reason}"'.encode()))
    assert run.error is not None
    assert (run.status, run.error.code, run.output) == ("error", code, "half")


async def test_a_models_refusal_is_told_in_its_words(tmp_path: Path) -> None:
    run = await ask(tmp_path, MODELS, said("I will not.").replace(b'"content"', b'"refusal"'))
    assert run.error is not None
    assert (run.error.code, run.output) == ("refused", "I will not.")


async def test_what_comes_after_the_end_mark_is_no_answer(tmp_path: Path) -> None:
    run = await ask(tmp_path, MODELS, said("whole") + said(" and more"))
    assert (run.status, run.output) == ("success", "whole")


async def test_a_web_page_is_told_from_an_api(tmp_path: Path) -> None:
    run = await ask(tmp_path, MODELS, b"<html>Log in</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    assert run.error is not None
    assert (run.error.code, "web page" in run.error.message, "base_url" in run.error.hint) == (
        "invalid_request",
        True,
        True,
    )


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_says_the_next_step(tmp_path: Path, status: int) -> None:
    run = await ask(tmp_path, MODELS, b'{"error":{"message":"no"}}', status=status)
    assert run.error is not None
    assert ("-m" if status == 404 else "key") in run.error.hint


async def test_an_error_that_echoes_the_key_is_told_without_it(tmp_path: Path) -> None:
    key = "lab-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {key}."}}).encode()
    run = await ask(tmp_path, MODELS, body, status=401, key=key)
    assert run.error is not None
    assert run.error.code == "auth"
    assert key not in f"{run.error.message} {run.output} {run.summary}"
    left = [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    assert left == []


async def test_no_redirect_is_followed(tmp_path: Path) -> None:
    heard: list[str] = []

    class Other(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def do_POST(self) -> None:
            heard.append(self.path)

        do_GET = do_POST

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        there = {"Location": f"http://127.0.0.1:{other.server_address[1]}/v1/chat/completions"}
        run = await ask(tmp_path, MODELS, b"moved", status=307, headers=there, key="some-secret-key")
        other.shutdown()
    assert run.error is not None
    assert "307" in run.error.message
    assert heard == []


async def test_a_small_answer_that_unpacks_to_a_large_one_is_not_held(tmp_path: Path) -> None:
    packed = gzip.compress(b"data: " + b"x" * (200 << 20))
    run = await ask(tmp_path, MODELS, packed, headers={"Content-Encoding": "gzip"})
    assert run.error is not None
    assert "MiB" in run.error.message


@pytest.mark.parametrize(
    "usage",
    ['{"prompt_tokens": -5, "completion_tokens": "7"}', '{"prompt_tokens": 1e400}', '{"prompt_tokens": NaN}', "[7]"],
)
async def test_counts_that_are_none_are_no_counts(tmp_path: Path, usage: str) -> None:
    last = f'data: {{"choices": [], "usage": {usage}}}\n\ndata: [DONE]\n\n'
    run = await ask(tmp_path, MODELS, said("x").replace(b"data: [DONE]\n\n", last.encode()))
    assert (run.status, run.output, run.token_usage) == ("success", "x", None)
