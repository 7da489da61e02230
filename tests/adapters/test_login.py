"""Whether somebody is logged in, from files and names of variables alone."""

from __future__ import annotations

import pytest
from adapters.replay import ADAPTERS
from modelmuxd.adapters.base import Login

OWN = b'model_provider = "corp"\n[model_providers.corp]\nbase_url = "%s"\nenv_key = "CORP_KEY"\n'
TOKENS = b'{"auth_mode":"chatgpt","OPENAI_API_KEY":null,"tokens":{"access_token":"secret","refresh_token":"r"}}'
KEY = b'{"OPENAI_API_KEY":"sk-secret"}'
QWEN = b'{"security":{"auth":{%s}}}'
OPENCODE = b'{"provider":{"corp":{"options":{"apiKey":"{env:CORP_KEY}"}}}}'
OAUTH = b'{"claudeAiOauth":{"accessToken":"secret","refreshToken":"r","subscriptionType":"max"}}'


def login(provider: str, files: dict[str, bytes], *env: str) -> Login:
    return ADAPTERS[provider].login(files, frozenset(env))


@pytest.mark.parametrize(
    ("provider", "files", "env", "state", "billing"),
    [
        ("codex", {}, [], "no", "unknown"),
        ("codex", {"~/.codex/auth.json": TOKENS}, [], "yes", "subscription"),
        ("codex", {"~/.codex/auth.json": KEY}, [], "yes", "metered"),
        ("codex", {"~/.codex/auth.json": b"{}"}, [], "no", "unknown"),
        ("codex", {"~/.codex/auth.json": TOKENS}, ["CODEX_HOME"], "no", "unknown"),
        ("codex", {"$CODEX_HOME/auth.json": TOKENS}, ["CODEX_HOME"], "yes", "subscription"),
        ("codex", {"~/.codex/auth.json": TOKENS}, ["CODEX_API_KEY"], "yes", "metered"),
        ("codex", {}, ["OPENAI_API_KEY"], "no", "unknown"),
        ("codex", {"~/.codex/config.toml": OWN % b"https://corp.test/v1"}, [], "no", "unknown"),
        ("codex", {"~/.codex/config.toml": OWN % b"https://corp.test/v1"}, ["CORP_KEY"], "yes", "unknown"),
        ("codex", {"~/.codex/config.toml": OWN % b"http://localhost:11434/v1"}, ["CORP_KEY"], "yes", "local"),
        ("codex", {"~/.codex/config.toml": b"model = [", "~/.codex/auth.json": KEY}, [], "yes", "metered"),
        ("claude", {}, [], "no", "unknown"),
        ("claude", {"~/.claude/.credentials.json": OAUTH}, [], "yes", "subscription"),
        ("claude", {"~/.claude/.credentials.json": OAUTH}, ["ANTHROPIC_API_KEY"], "yes", "metered"),
        ("claude", {"~/.claude/.credentials.json": OAUTH}, ["CLAUDE_CONFIG_DIR"], "no", "unknown"),
        ("claude", {"$CLAUDE_CONFIG_DIR/.credentials.json": OAUTH}, ["CLAUDE_CONFIG_DIR"], "yes", "subscription"),
        ("claude", {}, ["ANTHROPIC_AUTH_TOKEN"], "yes", "metered"),
        ("claude", {}, ["CLAUDE_CODE_OAUTH_TOKEN"], "yes", "subscription"),
        ("claude", {}, ["CLAUDE_CODE_USE_BEDROCK"], "yes", "metered"),
        ("claude", {"~/.claude.json": b'{"oauthAccount":{"emailAddress":"a@b"}}'}, [], "unknown", "unknown"),
        ("claude", {"~/.claude/settings.json": b'{"apiKeyHelper":"/bin/key"}'}, [], "yes", "metered"),
        ("claude", {"~/.claude/settings.json": b'{"env":{"ANTHROPIC_API_KEY":"k"}}'}, [], "yes", "metered"),
        ("gemini", {}, [], "no", "unknown"),
        ("gemini", {}, ["GEMINI_API_KEY"], "yes", "metered"),
        ("gemini", {"~/.gemini/.env": b"# x\nexport GEMINI_API_KEY=k\n"}, [], "yes", "metered"),
        ("gemini", {}, ["GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_API_KEY"], "yes", "metered"),
        ("gemini", {}, ["GOOGLE_GENAI_USE_VERTEXAI"], "no", "metered"),
        (
            "gemini",
            {
                "~/.gemini/settings.json": b'{"security":{"auth":{"selectedType":"oauth-personal"}}}',
                "~/.gemini/oauth_creds.json": b'{"refresh_token":"secret"}',
            },
            ["GEMINI_API_KEY"],
            "yes",
            "subscription",
        ),
        (
            "gemini",
            {"~/.gemini/settings.json": b'{"security":{"auth":{"selectedType":"gemini-api-key"}}}'},
            [],
            "unknown",
            "metered",
        ),
        ("gemini", {"~/.gemini/settings.json": b'{"selectedAuthType":"cloud-shell"}'}, [], "unknown", "metered"),
        ("qwen", {}, [], "no", "unknown"),
        ("qwen", {}, ["OPENAI_API_KEY"], "no", "unknown"),
        ("qwen", {}, ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"], "yes", "metered"),
        ("qwen", {"~/.qwen/settings.json": QWEN % b'"selectedType":"openai"'}, [], "no", "metered"),
        ("qwen", {"~/.qwen/settings.json": QWEN % b'"selectedType":"openai","apiKey":"secret"'}, [], "yes", "metered"),
        ("qwen", {"~/.qwen/settings.json": QWEN % b'"selectedType":"openai"'}, ["OPENAI_API_KEY"], "yes", "metered"),
        ("qwen", {"$QWEN_HOME/settings.json": QWEN % b'"selectedType":"openai"'}, ["OPENAI_API_KEY"], "no", "unknown"),
        ("qwen", {"~/.qwen/settings.json": QWEN % b'"selectedType":"qwen-oauth"'}, [], "no", "unknown"),
        ("qwen", {"~/.qwen/settings.json": QWEN % b'"selectedType":"vertex-ai"'}, [], "unknown", "unknown"),
        ("opencode", {}, [], "unknown", "unknown"),
        ("opencode", {}, ["OPENROUTER_API_KEY"], "yes", "metered"),
        (
            "opencode",
            {"~/.local/share/opencode/auth.json": b'{"x":{"type":"api","key":"secret"}}'},
            [],
            "yes",
            "metered",
        ),
        ("opencode", {"~/.local/share/opencode/auth.json": b'{"x":{"type":"oauth"}}'}, [], "yes", "subscription"),
        ("opencode", {"~/.local/share/opencode/auth.json": b"{}"}, [], "unknown", "unknown"),
        ("opencode", {"~/.config/opencode/opencode.json": OPENCODE}, [], "unknown", "unknown"),
        ("opencode", {"~/.config/opencode/opencode.json": OPENCODE}, ["CORP_KEY"], "yes", "metered"),
        (
            "opencode",
            {"~/.config/opencode/opencode.json": OPENCODE},
            ["CORP_KEY", "XDG_CONFIG_HOME"],
            "unknown",
            "unknown",
        ),
    ],
)
def test_login(provider: str, files: dict[str, bytes], env: list[str], state: str, billing: str) -> None:
    found = login(provider, files, *env)
    assert (found.state, found.billing) == (state, billing), found.how
    assert "secret" not in repr(found)


def test_a_key_that_only_the_config_names_is_asked_of_the_caller() -> None:
    found = login("codex", {"~/.codex/config.toml": OWN % b"https://corp.test/v1"})
    assert found.env_names == ("CORP_KEY",)
    assert "CORP_KEY" in found.fix
    assert login("opencode", {"~/.config/opencode/opencode.json": OPENCODE}).env_names == ("CORP_KEY",)


def test_openai_api_key_alone_is_told_apart() -> None:
    assert "OPENAI_API_KEY" in login("codex", {}, "OPENAI_API_KEY").how
