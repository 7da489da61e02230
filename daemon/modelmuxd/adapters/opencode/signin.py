"""Whether opencode can be used without asking anybody: a stored login, a key, or a provider in its own settings.

Without any of these it still has the free models of its makers, so that only a run can tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from modelmuxd.adapters.base import Login
from modelmuxd.adapters.jsonl import parse, table, text

FILES = (
    "$XDG_DATA_HOME/opencode/auth.json",
    "$XDG_CONFIG_HOME/opencode/opencode.json",
    "$XDG_CONFIG_HOME/opencode/opencode.jsonc",
    "~/.local/share/opencode/auth.json",
    "~/.config/opencode/opencode.json",
    "~/.config/opencode/opencode.jsonc",
)
KEYS = (
    "OPENCODE_API_KEY",
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "OPENROUTER_API_KEY",
    "DEEPSEEK_API_KEY",
    "DASHSCOPE_API_KEY",
    "MOONSHOT_API_KEY",
    "ZHIPU_API_KEY",
    "MINIMAX_API_KEY",
    "MISTRAL_API_KEY",
    "GROQ_API_KEY",
    "XAI_API_KEY",
)
"""Of the providers that people mostly use; another's key is passed on when the settings name it as `{env:NAME}`."""

_FIX = "opencode auth login"
_NAMED = re.compile(rb"\{env:([A-Za-z_][A-Za-z0-9_]{0,80})\}")


def login(files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
    data = "$XDG_DATA_HOME" if "XDG_DATA_HOME" in env_present else "~/.local/share"
    config = "$XDG_CONFIG_HOME" if "XDG_CONFIG_HOME" in env_present else "~/.config"
    held = parse(files.get(f"{data}/opencode/auth.json", b""))
    settings = [files.get(f"{config}/opencode/opencode.{kind}", b"") for kind in ("json", "jsonc")]
    named = tuple(sorted({name.decode() for text_ in settings for name in _NAMED.findall(text_)}))
    if isinstance(held, dict) and any(isinstance(one, dict) for one in held.values()):
        oauth = any(text(table(held, name), "type") == "oauth" for name in held)
        how = f"{data}/opencode/auth.json holds logins."
        return Login("yes", how, billing="subscription" if oauth else "metered", env_names=named)
    for name in (*KEYS, *named):
        if name in env_present:
            return Login("yes", f"{name} is set.", billing="metered", env_names=named)
    if any(b'"provider"' in text_ for text_ in settings):
        return Login("unknown", f"{config}/opencode/opencode.json sets up a provider.", _FIX, env_names=named)
    return Login("unknown", "No key and no login was found; opencode's own free models may do.", _FIX, env_names=named)
