"""How to name Gemini CLI's faults: the API's own error inside the message, the exit code, the last words on stderr."""

from __future__ import annotations

import re

from muxwire.words import FaultKind

from modelmuxd.adapters.jsonl import JsonObject, compact, parse, rows, table, text
from modelmuxd.adapters.trouble import Trouble, killed, kind_of_status, kind_of_words, last_words, unfinished
from modelmuxd.adapters.waits import NO_WAIT, read_wait
from modelmuxd.domain.invocation import Exit

LOGIN = "Set GEMINI_API_KEY, or run `gemini` and log in with /auth."
INELIGIBLE = (
    "Google ended Gemini CLI for consumer accounts in June 2026: set GEMINI_API_KEY, use Vertex AI, "
    "or ask Antigravity's `agy` instead (docs/antigravity.md)."
)
OVERRULED = "This machine's own Gemini policies overrule the sandbox of this run, so that it was not kept."
IGNORED_POLICY = re.compile(rb"Ignoring --admin-policy")
CUT = re.compile(r"Loop detected|Agent execution (?:blocked|stopped)")

_NOISE = re.compile(
    r"^(?:Warning: |Ripgrep is not available|YOLO mode is enabled|There was an error|Loaded cached credentials"
    r"|Attempt \d+ failed|Error executing tool|Error when talking to|Error generating|Full report available)"
    r"|^\s*(?:at |cause:|code:|status:|details:|retryDelayMs:|\}|\]|\{$)|DeprecationWarning|\[STARTUP\]"
)
"""Lines on stderr that say nothing about why a run failed; among them stack traces."""

_BY_EXIT: dict[int, tuple[FaultKind, str]] = {
    41: ("auth", LOGIN),
    42: ("invalid_request", ""),
    44: ("sandbox_denied", "Gemini's own container sandbox is not to be had: unset GEMINI_SANDBOX."),
    52: ("invalid_request", "Mend Gemini's settings (~/.gemini/settings.json)."),
    53: ("output_limit", "Its own limit of turns is reached (model.maxSessionTurns in ~/.gemini/settings.json)."),
    55: ("invalid_request", "The folder is not trusted: update Gemini CLI (`npm i -g @google/gemini-cli`)."),
}
"""The CLI's own exit codes, from its source; 54 (a tool failed) and 130 (canceled) need no words of ours."""

_HINTS: dict[FaultKind, str] = {
    "auth": LOGIN,
    "quota": "Wait for the reset, or use a key with a larger quota.",
    "context_too_long": "Start a new session, or give a smaller task.",
    "refused": "Say the task in other words, or ask another provider.",
}
_SESSION = "Gemini CLI finds a session only in the folder where it began: start a new one."
_API_ERROR = re.compile(r"\[API Error: (.*?)\](?:\n|$)", re.DOTALL)
_ERROR_JSON = re.compile(r"\{.*\}", re.DOTALL)
_STATUS_LINE = re.compile(r"^\s*(?:status|code): (\d{3})\b", re.MULTILINE)
_BAD_KEY = re.compile(r"API_KEY_INVALID|API key not valid|API key expired", re.IGNORECASE)
_MODEL = re.compile(r"model .{1,80} (?:does not exist|is not found|not found)|ModelNotFound", re.IGNORECASE)
_DAILY = re.compile(r"per ?day|daily|QUOTA_EXHAUSTED|limit: 0\b", re.IGNORECASE)
_STATUSES = (400, 401, 403, 404, 408, 413, 429, 499, 500, 502, 503, 504, 529)
_SOON = 300.0
"""Seconds: a quota that ends so soon is a rate limit in all but name."""


def name(status: str, error: JsonObject, exit: Exit, stderr: bytes, began: float | None) -> Trouble:
    """The trouble of a run that did not succeed."""
    tail = stderr.decode("utf-8", "replace")
    if "IneligibleTierError" in tail or "IneligibleTierError" in text(error, "type"):
        return Trouble("auth", last_words(stderr, _NOISE) or "This account may not use Gemini CLI.", INELIGIBLE)
    if status == "error":
        return _of_result(error, exit, tail, began)
    if killed(exit) or exit.code == 0:
        return unfinished(exit, "")  # on a signal it often exits 0, with no result
    return _of_stderr(stderr, exit, began)


def of_cut(said: str) -> Trouble:
    """An answer that the CLI itself cut short or threw away, though it calls the run a success."""
    if "turns" in said:
        return Trouble("output_limit", said, _BY_EXIT[53][1])
    if "Loop detected" in said:
        return Trouble("output_limit", "Gemini CLI took the answer for a loop and cut it short.")
    if "truncated" in said:
        return Trouble("output_limit", said)
    if "blocked" in said or "stopped" in said:
        return Trouble("refused", said, _HINTS["refused"])
    return Trouble("transient", said)


def _of_result(error: JsonObject, exit: Exit, tail: str, began: float | None) -> Trouble:
    said, answer = _unwrap(text(error, "message"))
    by_exit = _BY_EXIT.get(exit.code or 0)
    if by_exit and not answer:
        return Trouble(by_exit[0], said, by_exit[1])
    status = _http_status(answer, exit, tail)
    wait = read_wait(compact({"details": rows(answer, "details")}) if answer else said, began)
    wait = wait if wait != NO_WAIT else read_wait(said, began)
    kind = _kind(said + " " + _reasons(answer), status, wait.retry_after)
    hint = "Name another model with -m." if _MODEL.search(said) else _HINTS.get(kind, "")
    return Trouble(kind, said, hint, wait if kind in ("rate_limit", "quota", "overloaded") else NO_WAIT)


def _of_stderr(stderr: bytes, exit: Exit, began: float | None) -> Trouble:
    said = last_words(stderr, _NOISE)
    if known := _BY_EXIT.get(exit.code or 0):
        return Trouble(known[0], said, known[1] or (_SESSION if "session" in said else ""))
    if "--help" in said:
        said = "Gemini CLI did not understand its options, and printed its help."
        return Trouble("invalid_request", said, "Update it: `npm i -g @google/gemini-cli`.")
    if "FatalSandboxError" in said:
        return Trouble("sandbox_denied", said, _BY_EXIT[44][1])
    status = _status_of_exit(exit)
    kind = (kind_of_status(status) if status else None) or kind_of_words(said)
    return Trouble(kind, said, _HINTS.get(kind, ""), read_wait(said, began)) if kind else unfinished(exit, said)


def _kind(said: str, status: int | None, after: float | None) -> FaultKind:
    if _BAD_KEY.search(said):
        return "auth"  # an invalid key is a 400
    words = kind_of_words(said)
    if status == 429 or words == "quota":
        lasting = words == "quota" or bool(_DAILY.search(said))
        return "quota" if lasting and not (after is not None and after <= _SOON) else "rate_limit"
    if words and words != "transient":
        return words
    return (kind_of_status(status) if status else None) or words or "crashed"


def _http_status(answer: JsonObject, exit: Exit, tail: str) -> int | None:
    """From the API's answer, the exit code (the status modulo 256), or the stack trace on stderr."""
    code = answer.get("code")
    if isinstance(code, int) and 400 <= code < 600:
        return code
    found = _STATUS_LINE.findall(tail)
    return _status_of_exit(exit) or (int(found[-1]) if found else None)


def _status_of_exit(exit: Exit) -> int | None:
    """For an API's error the CLI exits with the HTTP status modulo 256."""
    return next((status for status in _STATUSES if status % 256 == exit.code), None)


def _unwrap(message: str) -> tuple[str, JsonObject]:
    """The API's words and its whole error, out of `[API Error: {"error": …}]` and the advice around it."""
    found = _API_ERROR.search(message[:20000])
    inner = found[1] if found else message
    held = _ERROR_JSON.search(inner[:20000])
    value = parse(held[0].encode("utf-8", "replace")) if held else None
    answer = table(value, "error") if isinstance(value, dict) else {}
    return text(answer, "message") or inner, answer


def _reasons(answer: JsonObject) -> str:
    return " ".join([text(answer, "status"), *(text(detail, "reason") for detail in rows(answer, "details"))])
