"""How to name Qwen Code's faults: it writes the API's error into the answer, as `[API Error: 429 …]`, and exits 0."""

from __future__ import annotations

import re

from muxwire.words import FaultKind

from modelmuxd.adapters.trouble import Trouble, kind_of_status, kind_of_words
from modelmuxd.adapters.waits import NO_WAIT, read_wait

LOGIN = "Run `qwen` and `/auth` in it, or set OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL."
IN_ANSWER = re.compile(r"\[API Error: (?P<said>[^\n]{0,4000})\](?:\n[^\n]{0,400})?\s*\Z")
"""At the end of the answer, after what was said before the stream broke, and before a line of advice."""

_STATUS = re.compile(r"(?P<status>[45]\d\d) (?P<said>.+)", re.DOTALL)
_LOGIN = re.compile(
    r"missing api key|no auth(?:entication)? (?:type|method)|incorrect api key|invalid api key|"
    r"oauth (?:free tier|token|login)|please (?:set an auth|log ?in|configure)",
    re.IGNORECASE,
)
_SESSION = re.compile(r"No saved session found")
_USAGE = re.compile(r"Unknown argument|--help|Invalid values")
_HINTS: dict[FaultKind, str] = {
    "auth": LOGIN,
    "quota": "Wait for the reset, or use a key with a larger quota.",
    "context_too_long": "Start a new session, or give a smaller task.",
    "refused": "Say the task in other words, or ask another provider.",
}
_BY_WORDS: tuple[FaultKind, ...] = ("quota", "context_too_long", "refused", "overloaded")
"""What words tell better than a status."""


def of_api(said: str, began: float | None) -> Trouble:
    """The trouble that an `[API Error: …]` tells."""
    found = _STATUS.match(said)
    words = kind_of_words(said)
    kind = kind_of_status(int(found["status"])) if found else None
    if words in _BY_WORDS or not kind:
        kind = words or kind
    if not kind:
        kind = "auth" if _LOGIN.search(said) else "transient"
    hint = "Name another model with -m." if said.startswith("404") else _HINTS.get(kind, "")
    wait = read_wait(said, began) if kind in ("rate_limit", "quota", "overloaded") else NO_WAIT
    return Trouble(kind, said, hint, wait)


def of_words(said: str, began: float | None) -> Trouble | None:
    """The trouble that only words tell, in an error of the result's or on stderr."""
    if _SESSION.search(said):
        hint = "Qwen Code finds a session only in the folder where it began: start a new one."
        return Trouble("invalid_request", said, hint)
    if _LOGIN.search(said):
        return Trouble("auth", said, LOGIN)
    if _USAGE.search(said):
        hint = "Update it: `npm i -g @qwen-code/qwen-code`."
        return Trouble("invalid_request", "Qwen Code did not understand its options, and printed its help.", hint)
    kind = kind_of_words(said)
    return Trouble(kind, said, _HINTS.get(kind, ""), read_wait(said, began)) if kind else None
