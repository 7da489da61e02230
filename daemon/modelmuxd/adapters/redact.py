"""Secrets out of what we keep and show: error texts echo keys (Codex's 401 prints part of one)."""

from __future__ import annotations

import re

_SECRETS = re.compile(
    r"""
    \bsk-[A-Za-z0-9_*.\-]{6,}              # OpenAI, Anthropic, DashScope; starred ones too
  | \bAIza[A-Za-z0-9_\-*]{10,}             # Google API keys
  | \bya29\.[A-Za-z0-9_\-.]{10,}           # Google access tokens
  | \bgh[pousr]_[A-Za-z0-9]{16,}           # GitHub
  | \beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*   # JSON web tokens
  | (?<=[Bb]earer\ )[^\s"',;]{6,}
  | (?<=[?&]key=)[^\s&"']{6,}
    """,
    re.VERBOSE,
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def redact(value: str) -> str:
    """The text with every known shape of a secret replaced."""
    return _SECRETS.sub("[redacted]", value)


def clip(value: str, limit: int = 600) -> str:
    """At most `limit` characters, the cut marked."""
    return value if len(value) <= limit else value[: limit - 1] + "…"


def plain(value: str) -> str:
    """For an error text: no terminal escapes, no secrets, no endless length."""
    return clip(redact(_ESCAPES.sub("", value)).strip())
