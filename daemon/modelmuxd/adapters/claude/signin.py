"""Whether Claude Code can be used without asking anybody.

With `-p` the variables outweigh a stored login. Credentials lie in a file, or on macOS in the keychain, which we do not
open: there only `~/.claude.json` tells that somebody has logged in once.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelmuxd.adapters.base import Login
from modelmuxd.adapters.jsonl import JsonObject, parse, table, text

FILES = (
    "$CLAUDE_CONFIG_DIR/.credentials.json",
    "$CLAUDE_CONFIG_DIR/.claude.json",
    "$CLAUDE_CONFIG_DIR/settings.json",
    "~/.claude/.credentials.json",
    "~/.claude/settings.json",
    "~/.claude.json",
)
_FIX = "claude setup-token"
_CLOUDS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


def login(files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
    for name in (*_CLOUDS, *_KEYS):
        if name in env_present:
            return Login("yes", f"{name} is set.", billing="metered")
    if "CLAUDE_CODE_OAUTH_TOKEN" in env_present:
        return Login("yes", "CLAUDE_CODE_OAUTH_TOKEN is set.", billing="subscription")
    moved = "CLAUDE_CONFIG_DIR" in env_present
    home = "$CLAUDE_CONFIG_DIR" if moved else "~/.claude"
    return _stored(home, "$CLAUDE_CONFIG_DIR/.claude.json" if moved else "~/.claude.json", files)


def _stored(home: str, account: str, files: Mapping[str, bytes]) -> Login:
    settings = _read(files, f"{home}/settings.json")
    if text(settings, "apiKeyHelper"):
        return Login("yes", f"{home}/settings.json names an apiKeyHelper.", billing="metered")
    if any(name in table(settings, "env") for name in (*_KEYS, *_CLOUDS)):
        return Login("yes", f"{home}/settings.json sets a key.", billing="metered")
    held = table(_read(files, f"{home}/.credentials.json"), "claudeAiOauth")
    if text(held, "accessToken") or text(held, "refreshToken"):
        plan = text(held, "subscriptionType")
        return Login(
            "yes", f"{home}/.credentials.json holds a login{f' ({plan})' if plan else ''}.", "", "subscription"
        )
    known = _read(files, account)
    if text(known, "primaryApiKey"):
        return Login("yes", f"{account} holds an API key.", billing="metered")
    if table(known, "oauthAccount"):
        return Login("unknown", f"{account} names an account; its login may be in the keychain.", _FIX)
    return Login("no", f"There is no login in {home}, and no key in the environment.", _FIX)


def _read(files: Mapping[str, bytes], name: str) -> JsonObject:
    found = parse(files.get(name, b""))
    return found if isinstance(found, dict) else {}
