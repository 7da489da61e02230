"""Whether Codex can be used without asking anybody, from its files and the names of variables.

For `codex exec` (measured, 0.169.0): the provider that config.toml chooses and its `env_key`; else CODEX_API_KEY; else
auth.json, which holds a key or the tokens of a ChatGPT plan. OPENAI_API_KEY by itself is not read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from modelmuxd.adapters.base import Login
from modelmuxd.adapters.jsonl import JsonObject, parse, table, text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

FILES = ("$CODEX_HOME/auth.json", "$CODEX_HOME/config.toml", "~/.codex/auth.json", "~/.codex/config.toml")

_FIX = "codex login"
_LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - names to compare with, nothing binds


def login(files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
    home = "$CODEX_HOME" if "CODEX_HOME" in env_present else "~/.codex"
    config = _config(files.get(f"{home}/config.toml", b""))
    own = table(table(config, "model_providers"), text(config, "model_provider"))
    if own and own.get("requires_openai_auth") is not True:
        return _own_provider(text(config, "model_provider"), own, env_present)
    if "CODEX_API_KEY" in env_present:
        return Login("yes", "CODEX_API_KEY is set.", billing="metered")
    if "CODEX_ACCESS_TOKEN" in env_present:
        return Login("yes", "CODEX_ACCESS_TOKEN is set.", billing="subscription")
    return _auth_file(f"{home}/auth.json", files, env_present)


def _own_provider(name: str, own: JsonObject, env_present: frozenset[str]) -> Login:
    billing: Literal["local", "unknown"] = "local" if _host(text(own, "base_url")) in _LOCAL else "unknown"
    key = text(own, "env_key")
    if not key:
        return Login("yes", f"config.toml chooses the provider {name!r}, which needs no key.", billing=billing)
    if key in env_present:
        return Login(
            "yes", f"config.toml chooses the provider {name!r}; {key} is set.", billing=billing, env_names=(key,)
        )
    why = f"config.toml chooses the provider {name!r}, whose key {key} is not set."
    return Login("no", why, f"export {key}=…", billing, env_names=(key,))


def _auth_file(path: str, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
    if path not in files:
        hint = " OPENAI_API_KEY is set, but `codex exec` does not read it." if "OPENAI_API_KEY" in env_present else ""
        return Login("no", f"There is no {path}.{hint}", _FIX)
    found = parse(files[path])
    held = found if isinstance(found, dict) else {}
    if text(table(held, "tokens"), "access_token") or text(table(held, "tokens"), "refresh_token"):
        return Login("yes", f"{path} holds the tokens of a ChatGPT plan.", billing="subscription")
    if text(held, "OPENAI_API_KEY"):
        return Login("yes", f"{path} holds an API key.", billing="metered")
    return Login("no", f"{path} holds no credentials.", _FIX)


def _config(data: bytes) -> JsonObject:
    """The configuration; a broken one counts as empty, since Codex itself will say what is wrong with it."""
    try:
        config: JsonObject = tomllib.loads(data.decode("utf-8", "replace"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    return config


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
