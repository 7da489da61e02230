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
from modelmuxd.runner.lines import Lines

LIMIT = 64 * 1024 * 1024
"""Bytes of one answer."""
MODELS_LIMIT = 8 * 1024 * 1024
ERROR_LIMIT = 64 * 1024


class Refused(Exception):
    """An HTTP status that is no success, as it will be told."""

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__(event["status"])
        self.event = event


def main() -> None:
    call = json.loads(Path(sys.argv[1]).read_bytes())
    prompt = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    sys.exit(run(call, prompt))


def run(call: dict[str, Any], prompt: str) -> int:
    """0 when the server has said all it had to say."""
    key = os.environ.get(call.get("key_env") or "", "")
    lines = Lines(key)
    try:
        with web.client(float(call["read_seconds"]), _headers(call, key)) as client:
            return _ask(client, call, prompt, lines)
    except Refused as error:
        lines.say(error.event)
        return 1
    except (web.ConnectFailed, web.ConnectTimedOut) as error:
        if program := stand_in.find(call.get("stand_in", ""), os.environ.get("PATH", "")):
            return _instead(program, call, prompt, lines)
        return _broken(lines, "connect", error)
    except web.TimedOut as error:
        return _broken(lines, "timeout", error)
    except web.WebError as error:
        return _broken(lines, "stream", error)
    except web.TooLarge as error:
        return _broken(lines, "large", error)
    except (web.BadAddress, ValueError) as error:
        return _broken(lines, "request", error)


def _instead(program: str, call: dict[str, Any], prompt: str, lines: Lines) -> int:
    try:
        return stand_in.ask(program, call["body"], prompt, lines.say, LIMIT)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return _broken(lines, "connect", error)


def _headers(call: dict[str, Any], key: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json", **call.get("headers", {})}
    return {**headers, "Authorization": f"Bearer {key}"} if key else headers


def _ask(client: web.Client, call: dict[str, Any], prompt: str, lines: Lines) -> int:
    before = call["body"]["messages"]
    body = {**call["body"], "messages": [*before, {"role": "user", "content": prompt}]}
    if not body.get("model"):
        body["model"] = _first_model(client, call)
    lines.say({"mux": "asked", "model": body["model"]})
    with client.stream("POST", call["url"], json=body) as answer:
        if answer.status_code != 200:
            raise _refused(answer)
        if answer.headers.get("content-type", "").startswith("text/html"):
            raise ValueError("it answered with a web page")
        for line in _events(answer):
            lines.pass_on(line)
    lines.say({"mux": "done"})
    return 0


def _first_model(client: web.Client, call: dict[str, Any]) -> str:
    """The model that the server lists first. Raises ValueError when it lists none that could be read."""
    with client.stream("GET", call["models_url"]) as listed:
        if listed.status_code != 200:
            raise _refused(listed)
        try:
            found = msgspec.json.decode(web.body(listed, MODELS_LIMIT))
        except web.TooLarge as error:
            raise ValueError(f"of its list of models: {error}") from error
    rows = (found.get("models") or found.get("data")) if isinstance(found, dict) else None
    for row in rows if isinstance(rows, list) else ():
        name = (row.get("name") or row.get("id")) if isinstance(row, dict) else None
        if isinstance(name, str):
            return name
    raise ValueError("the server lists no model")


def _events(answer: web.Answer) -> Iterator[bytes]:
    """The JSON of each event, until OpenAI's end mark where there is one: some servers keep the line open after it. A
    server that sends one whole object instead of a stream has sent one event."""
    for line in web.lines(answer, LIMIT):
        said = line.removeprefix(b"data:").strip()
        if said == b"[DONE]":
            return
        if said.startswith(b"{"):
            yield said


def _refused(answer: web.Answer) -> Refused:
    raw = b""
    for piece in answer.iter_bytes():
        raw = (raw + piece)[:ERROR_LIMIT]
        if len(raw) == ERROR_LIMIT:
            break
    try:
        body = json.loads(raw)
    except ValueError:
        body = raw.decode("utf-8", "replace")
    retry_after = answer.headers.get("retry-after", "")
    return Refused({"mux": "failed", "status": answer.status_code, "retry_after": retry_after, "body": body})


def _broken(lines: Lines, kind: str, error: Exception) -> int:
    lines.say({"mux": "broken", "kind": kind, "message": str(error) or type(error).__name__})
    return 1
