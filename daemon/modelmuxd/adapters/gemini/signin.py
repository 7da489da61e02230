"""Whether Gemini CLI can be used without asking anybody.

The type chosen in settings.json outweighs what the variables suggest (from the CLI's source, 0.61.0).
"""

from __future__ import annotations

from collections.abc import Mapping

from modelmuxd.adapters.base import Login
from modelmuxd.adapters.jsonl import JsonObject, parse, table, text

FILES = (
    "$GEMINI_CLI_HOME/.gemini/settings.json",
    "$GEMINI_CLI_HOME/.gemini/oauth_creds.json",
    "$GEMINI_CLI_HOME/.gemini/.env",
    "~/.gemini/settings.json",
    "~/.gemini/oauth_creds.json",
    "~/.gemini/.env",
)
_FIX = "export GEMINI_API_KEY=…"
_LOGIN = "gemini (and /auth in it)"


def login(files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
    home = "$GEMINI_CLI_HOME/.gemini" if "GEMINI_CLI_HOME" in env_present else "~/.gemini"
    known = env_present | dotenv_names(files.get(f"{home}/.env", b""))
    chosen = _chosen(files.get(f"{home}/settings.json", b"")) or _suggested(known)
    if chosen == "oauth-personal":
        return _google_account(home, files)
    if chosen == "vertex-ai":
        return _vertex(known)
    if chosen in ("gemini-api-key", "gateway"):
        return _api_key(known)
    if chosen:
        return Login(
            "unknown", f"{home}/settings.json chooses {chosen!r}, which only a run can try.", billing="metered"
        )
    return Login("no", "Neither GEMINI_API_KEY nor a login in ~/.gemini was found.", _FIX)


def _chosen(data: bytes) -> str:
    settings = parse(data)
    found: JsonObject = settings if isinstance(settings, dict) else {}
    return text(table(table(found, "security"), "auth"), "selectedType") or text(found, "selectedAuthType")


def _suggested(known: frozenset[str]) -> str:
    if "GOOGLE_GENAI_USE_GCA" in known:
        return "oauth-personal"
    if "GOOGLE_GENAI_USE_VERTEXAI" in known:
        return "vertex-ai"
    return "gemini-api-key" if "GEMINI_API_KEY" in known else ""


def _google_account(home: str, files: Mapping[str, bytes]) -> Login:
    held = parse(files.get(f"{home}/oauth_creds.json", b""))
    if isinstance(held, dict) and (text(held, "refresh_token") or text(held, "access_token")):
        return Login("yes", f"{home}/oauth_creds.json holds the login of a Google account.", billing="subscription")
    why = f"A Google account is chosen, but {home}/oauth_creds.json is missing; its login may be in the keychain."
    return Login("unknown", why, _LOGIN, "subscription")


def _vertex(known: frozenset[str]) -> Login:
    if "GOOGLE_API_KEY" in known or {"GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"} <= known:
        return Login("yes", "Vertex AI is chosen, and its variables are set.", billing="metered")
    why = "Vertex AI is chosen, but neither GOOGLE_API_KEY nor GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_LOCATION are set."
    return Login("no", why, "export GOOGLE_API_KEY=…", "metered")


def _api_key(known: frozenset[str]) -> Login:
    if "GEMINI_API_KEY" in known:
        return Login("yes", "GEMINI_API_KEY is set.", billing="metered")
    why = "An API key is chosen, but GEMINI_API_KEY is not set; it may be in the keychain."
    return Login("unknown", why, _FIX, "metered")


def dotenv_names(data: bytes) -> frozenset[str]:
    """Names that such a file as `~/.gemini/.env` sets; the CLI reads it."""
    lines = data.decode("utf-8", "replace").split("\n")
    pairs = [line.strip().removeprefix("export ").partition("=") for line in lines if not line.lstrip().startswith("#")]
    return frozenset(name.strip() for name, equals, value in pairs if equals and value.strip())
