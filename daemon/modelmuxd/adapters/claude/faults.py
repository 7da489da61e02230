"""How to name Claude Code's faults: the API's status and the CLI's own error word, then the text."""

from __future__ import annotations

import re

from muxwire.words import FaultKind

from modelmuxd.adapters.jsonl import JsonObject, text
from modelmuxd.adapters.trouble import Trouble, kind_of_status, kind_of_words
from modelmuxd.adapters.waits import NO_WAIT, Wait, read_wait

LOGIN = "Run `claude` and `/login` in it, or `claude setup-token`, or set ANTHROPIC_API_KEY."
REFUSED = "Say the task in other words, or ask another provider."

_BY_WORD: dict[str, FaultKind] = {
    "authentication_failed": "auth",
    "oauth_org_not_allowed": "auth",
    "billing_error": "quota",
    "rate_limit": "rate_limit",
    "overloaded": "overloaded",
    "invalid_request": "invalid_request",
    "model_not_found": "invalid_request",
    "server_error": "transient",
    "max_output_tokens": "output_limit",
}
"""The values of `error`, from the CLI's own schema."""

_HINTS: dict[FaultKind, str] = {
    "auth": LOGIN,
    "quota": "Wait for the reset, or add credits in your Anthropic account.",
    "context_too_long": "Start a new session, or give a smaller task.",
    "refused": REFUSED,
}
_BY_SUBTYPE: dict[str, tuple[FaultKind, str]] = {
    "error_max_turns": ("output_limit", "Its own limit of turns is reached; go on with the session."),
    "error_max_budget_usd": ("output_limit", "Its own limit of cost is reached; go on with the session."),
}
_LOGIN = re.compile(
    r"not logged in|please run /login|failed to authenticate|invalid api key|oauth token", re.IGNORECASE
)
_SESSION = re.compile(r"No conversation found|Session ID \S+ is already in use")
_ROOT = re.compile(r"cannot be used with root/sudo privileges")
_USAGE = re.compile(r"unknown option|requires --verbose|argument .* is invalid|Input must be provided")
_RESULT_WORDS: tuple[FaultKind, ...] = ("quota", "context_too_long", "refused", "overloaded")


def kind_of(word: object, status: object) -> FaultKind | None:
    """The kind of the CLI's error word; a status says more than the word `server_error`."""
    by_status = kind_of_status(status) if isinstance(status, int) else None
    by_word = _BY_WORD.get(word) if isinstance(word, str) else None
    return by_status if by_status and by_word in (None, "transient") else by_word


def of_result(result: JsonObject, word: str, wait: Wait, began: float | None) -> Trouble | None:
    """The trouble of a `result` that is an error; `wait` is what its retry notices said."""
    said = text(result, "said") or _errors(result)
    if known := _BY_SUBTYPE.get(text(result, "subtype")):
        return Trouble(known[0], said or known[1], known[1])
    if text(result, "terminal_reason").startswith("aborted"):
        return None
    kind = kind_of(word, result.get("api_error_status"))
    words = kind_of_words(said)
    if words in _RESULT_WORDS:
        kind = words
    if text(result, "terminal_reason") == "prompt_too_long":
        kind = "context_too_long"
    if kind is None:
        return of_words(said, began)
    hint = "Name another model." if word == "model_not_found" else _HINTS.get(kind, "")
    found = read_wait(said, began)
    limited = kind in ("rate_limit", "quota", "overloaded")
    return Trouble(kind, said, hint, found if found != NO_WAIT else wait if limited else NO_WAIT)


def of_words(said: str, began: float | None) -> Trouble | None:
    """The trouble that only words tell, as on stderr."""
    if _ROOT.search(said):
        return Trouble("sandbox_denied", said, "Run as another user, or set IS_SANDBOX=1 in a throw-away container.")
    if _SESSION.search(said):
        hint = "Claude Code finds a session only in the folder where it began: start a new one."
        return Trouble("invalid_request", said, hint)
    if _USAGE.search(said):
        return Trouble("invalid_request", said, "This Claude Code does not know our options: run `claude update`.")
    if _LOGIN.search(said):
        return Trouble("auth", said, LOGIN)
    kind = kind_of_words(said)
    return Trouble(kind, said, _HINTS.get(kind, ""), read_wait(said, began)) if kind else None


def _errors(result: JsonObject) -> str:
    errors = result.get("errors")
    return "; ".join(error for error in errors[:5] if isinstance(error, str)) if isinstance(errors, list) else ""
