"""Whether Qwen Code can be used without asking anybody.

The type chosen in settings.json outweighs what the variables suggest; without one the CLI wants all three of OpenAI's
(from its source, 0.15.10). Its own free login ended on 2026-04-15.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelmuxd.adapters.base import Login
from modelmuxd.adapters.gemini.signin import dotenv_names
from modelmuxd.adapters.jsonl import JsonObject, parse, table, text

FILES = ("$QWEN_HOME/settings.json", "$QWEN_HOME/.env", "~/.qwen/settings.json", "~/.qwen/.env")
_FIX = "export OPENAI_API_KEY=… OPENAI_BASE_URL=… OPENAI_MODEL=…"
_AUTH = "qwen (and /auth in it)"
_OPENAI = frozenset({"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"})
_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "gemini": "GEMINI_API_KEY"}


def login(files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
    home = "$QWEN_HOME" if "QWEN_HOME" in env_present else "~/.qwen"
    settings = _read(files.get(f"{home}/settings.json", b""))
    known = env_present | dotenv_names(files.get(f"{home}/.env", b"")) | frozenset(table(settings, "env"))
    auth = table(table(settings, "security"), "auth")
    chosen = text(auth, "selectedType") or ("openai" if known >= _OPENAI else "")
    if chosen == "qwen-oauth":
        return Login("no", f"{home}/settings.json chooses Qwen's own login, which ended in April 2026.", _AUTH)
    if chosen in _KEYS:
        return _by_key(home, _KEYS[chosen], known, stored=bool(text(auth, "apiKey") or _own_keys(settings, chosen)))
    if chosen:
        return Login("unknown", f"{home}/settings.json chooses {chosen!r}, which only a run can try.", _AUTH)
    return Login("no", f"No way to log in is chosen in {home}/settings.json, nor told by OPENAI_* variables.", _FIX)


def _by_key(home: str, name: str, known: frozenset[str], *, stored: bool) -> Login:
    if name in known:
        return Login("yes", f"{name} is set.", billing="metered")
    if stored:
        return Login("yes", f"{home}/settings.json holds or names a key.", billing="metered")
    why = f"A key is chosen in {home}/settings.json, but {name} is not set."
    return Login("no", why, f"export {name}=…", "metered")


def _own_keys(settings: JsonObject, kind: str) -> bool:
    """Models that name the variable of their key, as `/auth` writes them for the coding plan."""
    found = table(settings, "modelProviders").get(kind)
    models = found if isinstance(found, list) else []
    return any(isinstance(model, dict) and text(model, "envKey") for model in models)


def _read(data: bytes) -> JsonObject:
    found = parse(data)
    return found if isinstance(found, dict) else {}
