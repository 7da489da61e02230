"""One HTTP call to a model API, as a program of its own: it runs under a guard like every agent, so that an answer that
is being written outlives the daemon, and a daemon at rest need not load an HTTP client.

    python -E -c "…; main()" CALL.json  <PROMPT

What is asked stands in the file (an `HttpCall`), the prompt on stdin, keys in the environment. stdout is JSON lines:

    {"mux":"asked","model":…}          the request is about to go out
    …                                  each event of the stream (SSE data, or a line of NDJSON) as the server sent it
    {"mux":"failed","status":429,"retry_after":"30","body":…}       an HTTP status that is no success
    {"mux":"broken","kind":"connect","message":…}                   no answer, or one that broke off
    {"mux":"done"}                     the server has ended its stream

Redirects are not followed, since they would carry the key along; TLS is verified; the body is bounded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from modelmuxd.runner import stand_in, web

LIMIT = 64 * 1024 * 1024
"""Bytes of one answer."""
MODELS_LIMIT = 8 * 1024 * 1024
ERROR_LIMIT = 64 * 1024


class Told(Exception):
    """It has failed, and that has been said."""


def main() -> None:
    call = json.loads(Path(sys.argv[1]).read_bytes())
    prompt = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    sys.exit(run(call, prompt))


def run(call: dict[str, Any], prompt: str) -> int:
    """0 when the server has said all it had to say."""
    try:
        with web.client(float(call["read_seconds"]), _headers(call)) as client:
            return _ask(client, call, prompt)
    except Told:
        return 1
    except (web.ConnectFailed, web.ConnectTimedOut) as error:
        if program := stand_in.find(call.get("stand_in", ""), os.environ.get("PATH", "")):
            return _instead(program, call, prompt)
        return _broken("connect", error)
    except web.TimedOut as error:
        return _broken("timeout", error)
    except web.WebError as error:
        return _broken("stream", error)
    except (web.BadAddress, web.TooLarge, ValueError) as error:
        return _broken("request", error)


def _instead(program: str, call: dict[str, Any], prompt: str) -> int:
    try:
        return stand_in.ask(program, call["body"], prompt, _say, LIMIT)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return _broken("connect", error)


def _headers(call: dict[str, Any]) -> dict[str, str]:
    headers = {"Content-Type": "application/json", **call.get("headers", {})}
    if key := os.environ.get(call.get("key_env") or ""):
        headers["Authorization"] = f"Bearer {key}"
    return headers


def _ask(client: web.Client, call: dict[str, Any], prompt: str) -> int:
    before = call["body"]["messages"]
    body = {**call["body"], "messages": [*before, {"role": "user", "content": prompt}]}
    if not body.get("model"):
        body["model"] = _first_model(client, call)
    _say({"mux": "asked", "model": body["model"]})
    with client.stream("POST", call["url"], json=body) as answer:
        if answer.status_code != 200:
            return _failed(answer)
        for line in _lines(answer):
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()
    _say({"mux": "done"})
    return 0


def _first_model(client: web.Client, call: dict[str, Any]) -> str:
    """The model that the server lists first. Raises ValueError when it lists none that could be read."""
    with client.stream("GET", call["models_url"]) as listed:
        if listed.status_code != 200:
            raise Told(_failed(listed))
        found = msgspec.json.decode(web.body(listed, MODELS_LIMIT))
    rows = (found.get("models") or found.get("data")) if isinstance(found, dict) else None
    for row in rows if isinstance(rows, list) else ():
        name = (row.get("name") or row.get("id")) if isinstance(row, dict) else None
        if isinstance(name, str):
            return name
    raise ValueError("the server lists no model")


def _lines(answer: web.Answer) -> Iterator[bytes]:
    """The JSON of each event. A server that sends one whole object instead of a stream has sent one event."""
    for line in web.lines(answer, LIMIT):
        said = line.removeprefix(b"data:").strip()
        if said.startswith(b"{"):
            yield said


def _failed(answer: web.Answer) -> int:
    raw = b""
    for piece in answer.iter_bytes():
        raw = (raw + piece)[:ERROR_LIMIT]
    try:
        body = json.loads(raw)
    except ValueError:
        body = raw.decode("utf-8", "replace")
    retry_after = answer.headers.get("retry-after", "")
    _say({"mux": "failed", "status": answer.status_code, "retry_after": retry_after, "body": body})
    return 1


def _broken(kind: str, error: Exception) -> int:
    _say({"mux": "broken", "kind": kind, "message": str(error) or type(error).__name__})
    return 1


def _say(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()
