"""What the adapters of HTTP APIs share: the call that our own program makes for them (runner/http.py), and how to read
what it tells of the call itself."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from muxwire.words import FaultKind

from modelmuxd.adapters.asking import check, chosen_model, deny, refuse_setting
from modelmuxd.adapters.jsonl import JsonObject, text
from modelmuxd.adapters.trouble import Trouble, kind_of_status, kind_of_words
from modelmuxd.adapters.waits import Wait, read_wait
from modelmuxd.domain.invocation import Invocation, PlacedFile
from modelmuxd.domain.request import Request

FILE = "call.json"
_PROGRAM = "import sys; sys.path.pop(0); from modelmuxd.runner.http import main; main()"
"""Without the working folder on the path: a project's own `httpx.py` must not be ours."""


class HttpCall(msgspec.Struct, frozen=True, kw_only=True):
    """One POST whose body is a chat; the prompt is added to the messages by the program, from its stdin."""

    url: str
    body: dict[str, Any]
    models_url: str = ""
    """Where a model is looked up when the body names none."""
    key_env: str = ""
    stand_in: str = ""
    """A program on the caller's PATH that is asked where the server cannot be reached (runner/stand_in.py)."""
    headers: dict[str, str] = {}
    read_seconds: float = 300.0
    """How long the server may say nothing: a model may think, or be loaded first."""


def invocation(provider: str, request: Request, call: HttpCall, env_names: tuple[str, ...]) -> Invocation:
    """The call as a process. Raises FaultError for what an API without tools cannot honour."""
    prompt = check(provider, request)
    refuse_setting(provider, request, "wire_api")
    if request.sandbox != "read-only":
        hint = "Ask with --sandbox read-only, or ask an agent that has tools."
        text = f"{provider} answers and has no tools: it cannot change files, as {request.sandbox!r} promises."
        raise deny(provider, "sandbox_denied", text, hint)
    if request.effort:
        text = f"{provider} takes no reasoning effort (asked for: {request.effort})."
        raise deny(provider, "invalid_request", text, "Leave --reasoning-effort out, or choose a model that thinks.")
    if request.session and not request.history:
        text = f"{provider} has no session {request.session!r} here."
        raise deny(provider, "invalid_request", text, "Sessions of an API are kept by us: start a new one.")
    own = request.settings
    return Invocation(
        argv=(request.program, "-E", "-c", _PROGRAM, f"{request.folder}/{FILE}"),
        stdin=prompt,
        files=(PlacedFile(FILE, json.dumps(msgspec.to_builtins(call)).encode()),),
        env=dict(own.extra_env),
        env_names=env_names if not own.api_key_env else (),
        env_aliases={own.api_key_env: own.api_key_env} if own.api_key_env else {},
        enforced="no_tools",
    )


def messages(request: Request) -> list[dict[str, str]]:
    """The session so far, as every chat API takes it; the prompt itself comes later."""
    said = []
    for asked, answered in request.history:
        said += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return said


def model_of(request: Request) -> str:
    return chosen_model(request)


def session_of(request: Request) -> str:
    """A session of ours bears the name of the run that began it."""
    return request.session or request.run_id


def trouble(event: JsonObject, said: str, code: str, kinds: dict[str, FaultKind]) -> Trouble | None:
    """What a `failed` or `broken` event means; `said` and `code` are the server's own words, `kinds` its codes."""
    match text(event, "mux"):
        case "failed":
            raw = event.get("status")
            status = raw if isinstance(raw, int) else 500
            known = kinds.get(code) or kinds.get(code.partition(".")[0])
            kind = known or kind_of_words(said) or kind_of_status(status) or "invalid_request"
            if status in (401, 403) and known is None:
                kind = "auth"
            if 300 <= status < 400:
                return Trouble("invalid_request", f"It redirects (HTTP {status}), and a key goes nowhere else.", _URL)
            hint = _NOT_THERE if status == 404 else _HINTS.get(kind, "")
            return Trouble(kind, said or f"HTTP {status}", hint, _wait(event, said))
        case "broken":
            return _of_broken(text(event, "kind"), text(event, "message"))
        case _:
            return None


_HINTS: dict[FaultKind, str] = {
    "auth": "Look at the key, and whether it belongs to this address: `muxctl check`.",
    "quota": "Wait for the reset, or see the account's plan.",
    "context_too_long": "Send less, start a new session, or name a model with a larger window.",
    "refused": "Say it differently, or ask another provider.",
}
_NOT_THERE = "Name another model with -m, or look at base_url."
_URL = "Name the address that it redirects to in base_url."


def _wait(event: JsonObject, said: str) -> Wait:
    after = text(event, "retry_after").strip()
    return read_wait(f"retry-after: {after}") if after else read_wait(said)


def _of_broken(kind: str, message: str) -> Trouble:
    kinds: dict[str, tuple[FaultKind, str]] = {
        "connect": ("transient", "Is the server running, and is its address right?"),
        "timeout": ("transient", ""),
        "stream": ("transient", ""),
        "large": ("output_limit", ""),
    }
    found, hint = kinds.get(kind, ("invalid_request", "See whether base_url is the address of its API."))
    return Trouble(found, f"The call broke: {message}", hint)
