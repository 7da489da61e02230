"""Chat servers that answer what none should: each end has a name, and nothing is read without a bound."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from engine.stage import Stage
from modelmuxd.adapters.openai_compatible import OpenAICompatible
from muxwire.runs import RunResult

pytestmark = pytest.mark.anyio

MODELS = b'{"data":[{"id":"m"}]}'


def said(text: str) -> bytes:
    """A whole stream that says it, as raw as it stands."""
    piece = json.dumps({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}, ensure_ascii=False)
    return f"data: {piece}\n\ndata: [DONE]\n\n".encode()


async def ask(root: Path, models: bytes, stream: bytes, status: int = 200) -> RunResult:
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
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stage = Stage(root)
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        stage.adapters = {"lab": OpenAICompatible("lab", title="Lab", base_url=url, keys=())}  # type: ignore[dict-item]
        async with stage.engine() as engine:
            run = await stage.run(engine, "x", provider="lab", max_retries=1)
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
    assert "MiB" in run.error.message
