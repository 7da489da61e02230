"""How to name opencode's faults: the error's own name, the API's status, the words; and its log on stderr."""

from __future__ import annotations

import re

from muxwire.words import FaultKind

from modelmuxd.adapters.jsonl import JsonObject, table, text
from modelmuxd.adapters.trouble import Trouble, kind_of_status, kind_of_words, last_words
from modelmuxd.adapters.waits import NO_WAIT, Wait, epoch, read_wait

LOGIN = "Run `opencode auth login`, or set the key of your model's provider, such as ANTHROPIC_API_KEY."

_BY_NAME: dict[str, FaultKind] = {
    "ProviderAuthError": "auth",
    "ContextOverflowError": "context_too_long",
    "MessageOutputLengthError": "output_limit",
    "ProviderModelNotFoundError": "invalid_request",
    "ContentFilterError": "refused",
}
_HINTS: dict[FaultKind, str] = {
    "auth": LOGIN,
    "quota": "Wait for the reset, or use a key with a larger quota.",
    "context_too_long": "Start a new session, or give a smaller task.",
    "refused": "Say the task in other words, or ask another provider.",
}
_BY_WORDS: tuple[FaultKind, ...] = ("quota", "context_too_long", "refused", "overloaded")
"""What words tell better than a status."""
_LIMITED: tuple[FaultKind, ...] = ("rate_limit", "overloaded")

_MODEL = re.compile(r"Model not found: [^\s\"\\]{1,200}")
_SESSION = re.compile(r"Session not found")
_KEY = re.compile(r"api key (?:is )?(?:missing|invalid|incorrect)|(?:missing|invalid|incorrect) api key", re.IGNORECASE)
_LOG = re.compile(r"^timestamp=|^\s+at |^[\u2580-\u259f\s]+$")
"""Lines of its log, which tell of everything that went wrong on the way, and of its logo."""


def of_error(error: JsonObject, stderr: bytes, began: float | None) -> Trouble:
    """The trouble that an `error` event tells; of some only the log on stderr knows more."""
    name, data = text(error, "name"), table(error, "data")
    said = text(data, "message") or name
    status = data.get("statusCode")
    kind = _BY_NAME.get(name)
    words = kind_of_words(said)
    if not kind and (words in _BY_WORDS or not isinstance(status, int)):
        kind = words
    if not kind and isinstance(status, int):
        kind = kind_of_status(status)
    if not kind:
        return of_words(stderr, began) or Trouble("auth" if _KEY.search(said) else "crashed", said)
    hint = "See `opencode models`." if status == 404 or name == "ProviderModelNotFoundError" else _HINTS.get(kind, "")
    wait = _stated(table(data, "responseHeaders"), said, began) if kind in (*_LIMITED, "quota") else NO_WAIT
    return Trouble(kind, said, hint, wait)


def of_retry(status: JsonObject) -> Trouble:
    """The trouble for which it would have waited: it says until when, but not the HTTP status."""
    said = text(status, "message")
    kind = kind_of_words(said) or "transient"
    wait = Wait(resets_at=epoch(status.get("next"))) if kind in _LIMITED else NO_WAIT
    return Trouble(kind, said, _HINTS.get(kind, ""), wait)


def of_finish(reason: str) -> Trouble | None:
    """An answer that ended otherwise than by its own end."""
    if reason == "length":
        return Trouble("output_limit", "The model reached the most that it may write.")
    if reason == "content-filter":
        return Trouble("refused", "The model's provider filtered the answer.", _HINTS["refused"])
    return None


def of_words(stderr: bytes, began: float | None) -> Trouble | None:
    log = stderr.decode("utf-8", "replace")
    if found := _MODEL.search(log):
        return Trouble("invalid_request", found[0], "See `opencode models`.")
    if _SESSION.search(log):
        hint = "opencode finds a session only in the folder where it began: start a new one."
        return Trouble("invalid_request", "Session not found", hint)
    said = last_words(stderr, _LOG)
    if "--help" in said or "Options:" in said:
        hint = "Update it: `npm i -g opencode-ai`."
        return Trouble("invalid_request", "opencode did not understand its options, and printed its help.", hint)
    kind = kind_of_words(said)
    return Trouble(kind, said, _HINTS.get(kind, ""), read_wait(said, began)) if kind else None


def _stated(headers: JsonObject, said: str, began: float | None) -> Wait:
    after = text(headers, "retry-after")
    return Wait(retry_after=float(after)) if after.isdecimal() and len(after) < 8 else read_wait(said, began)
