"""A HOME for each real agent CLI, logged in by a key and pointed at the loopback model API; nothing leaves the machine.

Each builder writes configuration below the world's folder (`home` is its HOME, `mux` its MODELMUX_HOME) and gives the
environment that its user would have. What is switched off (telemetry, updates, plugins) would otherwise call out or
wait for the network.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

KEY = "key-of-the-test"
MODELS = {
    "codex": "gpt-5.1-codex",
    "claude": "claude-opus-4-8",
    "gemini": "gemini-3.8-flash",
    "qwen": "qwen3-coder-plus",
    "opencode": "loopback/first",
}

CODEX = """\
model = "{model}"
{provider}
check_for_update_on_startup = false
[analytics]
enabled = false
[features]
plugins = false
"""
CODEX_OWN_PROVIDER = """\
[model_providers.loopback]
name = "loopback"
base_url = "{url}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


PROFILE = """\
active_profile = "loopback"
[profiles.loopback.providers.codex]
base_url = "{url}/v1"
api_key_env = "LOOPBACK_KEY"
"""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(text, encoding="utf-8")


def codex(folder: Path, url: str) -> dict[str, str]:
    """Codex with a provider of the user's own in config.toml, without inner retries, as a careful user has it."""
    head = CODEX.format(model=MODELS["codex"], provider='model_provider = "loopback"')
    write(folder / "home/.codex/config.toml", head + CODEX_OWN_PROVIDER.format(url=url))
    return {"OPENAI_API_KEY": KEY}


def codex_builtin(folder: Path, url: str) -> dict[str, str]:
    """Codex with its built-in provider, which a normal login uses; it refuses to have its retries turned down."""
    write(
        folder / "home/.codex/config.toml",
        CODEX.format(model=MODELS["codex"], provider=f'openai_base_url = "{url}/v1"'),
    )
    return {"CODEX_API_KEY": KEY}


def codex_profile(folder: Path, url: str) -> dict[str, str]:
    """Codex as a profile of ours names it: an endpoint of its own, its key under another name."""
    write(folder / "home/.codex/config.toml", CODEX.format(model=MODELS["codex"], provider=""))
    write(folder / "mux/config/profiles.toml", PROFILE.format(url=url))
    return {"LOOPBACK_KEY": KEY}


def claude(folder: Path, url: str) -> dict[str, str]:
    quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING")
    settings = {"env": dict.fromkeys((*quiet, "DISABLE_AUTOUPDATER"), "1")}
    write(folder / "home/.claude/settings.json", json.dumps(settings))
    # Claude Code refuses the sandbox word `full` to root, which tests may be, unless told that it is in a container.
    return {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY, "IS_SANDBOX": "1"}


def gemini(folder: Path, url: str) -> dict[str, str]:
    """For root the adapter turns the retries down; for others the CLI takes that from their own settings only."""
    own = {} if os.geteuid() == 0 else {"maxAttempts": 1}
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False, **own},
        "telemetry": {"enabled": False},
    }
    write(folder / "home/.gemini/settings.json", json.dumps(settings))
    return {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": url}


def elsewhere(folder: Path, url: str) -> dict[str, str]:
    """No CLI at all: the agent is reached by its address."""
    return {}


def qwen(folder: Path, url: str) -> dict[str, str]:
    settings = {
        "$version": 4,
        "security": {"auth": {"selectedType": "openai"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False, "disableAutoUpdate": True, "disableUpdateNag": True},
        "telemetry": {"enabled": False},
    }
    write(folder / "home/.qwen/settings.json", json.dumps(settings))
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{url}/v1", "OPENAI_MODEL": MODELS["qwen"]}


def opencode(folder: Path, url: str) -> dict[str, str]:
    """opencode with a provider of the user's own, whose key the settings name."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "loopback",
        "options": {"baseURL": f"{url}/v1", "apiKey": "{env:LOOPBACK_KEY}"},
        "models": {"first": {}, "second": {}},
    }
    settings = {"model": MODELS["opencode"], "provider": {"loopback": provider}, "share": "disabled"}
    write(folder / "home/.config/opencode/opencode.json", json.dumps(settings))
    quiet = ("OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_LSP_DOWNLOAD")
    return {"LOOPBACK_KEY": KEY, **dict.fromkeys(quiet, "1")}


HOMES: dict[str, Callable[[Path, str], dict[str, str]]] = {
    "codex": codex,
    "codex-builtin": codex_builtin,
    "codex-profile": codex_profile,
    "claude": claude,
    "gemini": gemini,
    "qwen": qwen,
    "opencode": opencode,
    "a2a": elsewhere,
}
AGENTS = ("codex", "claude", "gemini", "qwen", "opencode")
"""One home of each real CLI."""
