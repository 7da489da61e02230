"""How to name Codex's faults: it gives nothing but prose, in `turn.failed` or on stderr."""

from __future__ import annotations

import re

from modelmuxd.adapters.trouble import Trouble, kind_of_status, kind_of_words
from modelmuxd.adapters.waits import read_wait

NOISE = re.compile(
    r"^(?:Reading (?:additional input|prompt) from stdin|WARNING: proceeding, even though|For more information, try)"
    r"|^\d{4}-\d\d-\d\dT\S+ +(?:ERROR|WARN|INFO) "
)
"""Lines on stderr that say nothing about why a run failed."""

LOGIN = "Run `codex login`, or set CODEX_API_KEY (OPENAI_API_KEY alone does not do for `codex exec`)."
_STATUS = re.compile(r"(?:unexpected |last )status:? (\d{3})")
_KEY = re.compile(r"Missing environment variable: `?(\w+)")
_MODEL = re.compile(r"model [`'\"]?([^`'\"\s]+)[`'\"]? (?:does not exist|is not supported|not found)", re.IGNORECASE)
_LOGIN = re.compile(
    r"not logged in|please (?:log|sign) in|refresh token|access token could not|invalid api key|incorrect api key",
    re.IGNORECASE,
)
_CONFIG = re.compile(r"Error loading config|Model provider `|config\.toml|Unknown feature flag")
_BROKEN = re.compile(r"fatal error|internal error|agent loop|interrupted|aborted|^$", re.IGNORECASE)
_USAGE = re.compile(r"unexpected argument|invalid value|required arguments|unrecognized subcommand")


def name(said: str, failed: bool, began: float | None) -> Trouble | None:
    """The trouble that Codex's last words tell; None when they tell none that we know.

    After `turn.failed` unknown words are the server's own, of a request that it would not take (400).
    """
    trouble = of_words(said)
    if trouble is None and failed and not _BROKEN.search(said):
        trouble = Trouble("invalid_request", said)
    if trouble is None:
        return None
    return Trouble(trouble.kind, trouble.message, trouble.hint, read_wait(said, began))


def of_words(said: str) -> Trouble | None:
    """The kind, from the most telling words to the least."""
    return _of_login(said) or _of_request(said) or _of_service(said)


def _of_login(said: str) -> Trouble | None:
    if found := _KEY.search(said):
        return Trouble(
            "auth", said, f"Set {found[1]}, which Codex's configuration names as its key, or run `codex login`."
        )
    return Trouble("auth", said, LOGIN) if _LOGIN.search(said) else None


def _of_request(said: str) -> Trouble | None:
    if "no rollout found" in said or "thread/resume failed" in said:
        return Trouble("invalid_request", said, "Codex does not know this session (any more): start a new one.")
    if _MODEL.search(said):
        return Trouble("invalid_request", said, "Name another model with -m, or none for Codex's default.")
    if _CONFIG.search(said):
        return Trouble("invalid_request", said, "Mend Codex's configuration ($CODEX_HOME/config.toml), or the profile.")
    if _USAGE.search(said):
        return Trouble(
            "invalid_request", said, "This Codex does not know our options: update it (`npm i -g @openai/codex`)."
        )
    if "No prompt provided" in said:
        return Trouble("invalid_request", said, "Give a task.")
    if "trusted directory" in said:
        return Trouble("invalid_request", said, "Trust the folder in Codex once, or use one that you trust.")
    return None


def _of_service(said: str) -> Trouble | None:
    kind = kind_of_words(said)
    found = _STATUS.search(said)
    status = kind_of_status(int(found[1])) if found else None
    if status and kind not in ("quota", "context_too_long", "refused"):
        kind = status
    if kind is None:
        return None
    return Trouble(kind, said, _HINTS.get(kind, ""))


_HINTS = {
    "auth": LOGIN,
    "quota": "Wait for the reset, or add credits: https://chatgpt.com/codex/settings/usage.",
    "context_too_long": "Start a new session, or give a smaller task.",
}
