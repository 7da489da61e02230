"""What every provider checks before it asks."""

from __future__ import annotations

import re

from muxwire.faults import FaultError, refuse
from muxwire.words import FaultKind

from modelmuxd.adapters.redact import plain
from modelmuxd.domain.request import Request

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_URL = re.compile(r"https?://[^\s/@?#\x00-\x20]+(?:/[^\s@\x00-\x20]*)?\Z")
_URL_HINT = "Name the key's variable in api_key_env, and leave user and password out."
_ODD = re.compile(r"[\x00-\x20\x7f]")

GUARDED = frozenset(
    {"PATH", "HOME", "SHELL", "USER", "LOGNAME", "IFS", "ENV", "BASH_ENV", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME"}
    | {"NODE_OPTIONS", "NODE_PATH", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "PERL5OPT", "RUBYOPT"}
)
"""Variables that decide which code runs; a profile's `extra_env` may not set them. All of LD_*, DYLD_* and MODELMUX_*
besides."""

NESTED = (
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_EXECPATH",
    "CLAUDE_CODE_SESSION_KIND",
    "CLAUDE_CODE_SESSION_NAME",
    "CLAUDE_CODE_SESSION_ACCESS_TOKEN",
    "CLAUDE_CODE_SSE_PORT",
    "CLAUDE_CODE_AGENT",
    "CLAUDE_CODE_TASK_LIST_ID",
    "CLAUDE_CODE_REMOTE",
    "CLAUDE_CODE_REMOTE_SESSION_ID",
    "CLAUDE_CODE_SUPERVISED",
    "CLAUDE_CODE_RESUME_FROM_SESSION",
    "AI_AGENT",
    "CODEX_THREAD_ID",
    "CODEX_SESSION_ID",
    "CODEX_TOOL_CALL_ID",
    "CODEX_SANDBOX",
    "CODEX_SANDBOX_NETWORK_DISABLED",
    "CODEX_INTERNAL_ORIGINATOR_OVERRIDE",
    "CODEX_MANAGED_BY_NPM",
    "CODEX_MANAGED_BY_BUN",
    "CODEX_MANAGED_BY_PNPM",
    "CODEX_STARTING_DIFF",
    "GEMINI_CLI",
    "GEMINI_CLI_IDE_AUTH_TOKEN",
    "GEMINI_CLI_IDE_PID",
    "GEMINI_CLI_IDE_SERVER_PORT",
    "GEMINI_CLI_IDE_SERVER_STDIO_ARGS",
    "GEMINI_CLI_IDE_SERVER_STDIO_COMMAND",
    "GEMINI_CLI_IDE_WORKSPACE_PATH",
    "GEMINI_CLI_WORKTREE_HANDLED",
    "GEMINI_PTY_INFO",
    "QWEN_CODE",
    "QWEN_CODE_IDE_SERVER_PORT",
    "QWEN_CODE_IDE_SERVER_STDIO_ARGS",
    "QWEN_CODE_IDE_WORKSPACE_PATH",
    "OPENCODE",
    "OPENCODE_PID",
    "OPENCODE_CLIENT",
    "OPENCODE_SERVER_USERNAME",
    "OPENCODE_SERVER_PASSWORD",
)
"""Marks of a surrounding session of any of the CLIs (from their sources): inside one, each behaves differently.
Configuration such as CODEX_HOME and CLAUDE_CONFIG_DIR is not among them."""


def deny(provider: str, kind: FaultKind, message: str, hint: str = "") -> FaultError:
    """The refusal to raise, by name."""
    return refuse(kind, message, hint, provider=provider)


def check(provider: str, request: Request, *, ours: frozenset[str] = frozenset()) -> bytes:
    """The prompt's bytes, once nothing in the request can be mistaken for an option or break the call.

    `ours` are variables that `prepare` sets itself and a profile may not.
    """
    if "\x00" in request.task:
        raise deny(provider, "invalid_request", "The task holds a NUL character.", "Remove it.")
    if not request.task.strip():
        raise deny(provider, "invalid_request", "The task is empty.")
    check_word(provider, "model", request.model or request.settings.model)
    check_word(provider, "session id", request.session)
    check_url(provider, request.settings.base_url)
    check_settings(provider, request, ours)
    try:
        return request.task.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise deny(provider, "invalid_request", "The task holds half a surrogate pair, which is no text.") from None


def check_word(provider: str, what: str, word: str) -> None:
    """Refuse what a command line could take for an option, or that no name contains."""
    if word.startswith("-") or _ODD.search(word):
        raise deny(provider, "invalid_request", f"{word!r} is no {what}: it begins with '-' or holds a blank.")


def check_url(provider: str, url: str) -> None:
    """Refuse what is no plain address: it may stand in argv, where everybody can read a password."""
    if url and not _URL.match(url):
        raise deny(provider, "invalid_request", f"base_url = {plain(url)!r} is no plain http(s) address.", _URL_HINT)


def check_settings(provider: str, request: Request, ours: frozenset[str]) -> None:
    name = request.settings.api_key_env
    if name and not _NAME.match(name):
        raise deny(
            provider,
            "invalid_request",
            f"api_key_env = {name!r} is no name of a variable.",
            "Name the variable, not the key.",
        )
    for name, value in request.settings.extra_env.items():
        upper = name.upper()
        if not _NAME.match(name) or "\x00" in value:
            raise deny(provider, "invalid_request", f"extra_env sets {name!r}, which no environment can hold.")
        if upper in GUARDED or upper in ours or upper in NESTED or upper.startswith(("LD_", "DYLD_", "MODELMUX_")):
            raise deny(provider, "invalid_request", f"extra_env may not set {name}.", "Remove it from the profile.")


def refuse_setting(provider: str, request: Request, field: str) -> None:
    """A profile's field that this provider has no use for."""
    if value := getattr(request.settings, field):
        raise deny(
            provider,
            "invalid_request",
            f"{provider} has no {field} (the profile sets {value!r}).",
            "Remove it from the profile.",
        )


def chosen_model(request: Request) -> str:
    """The model asked for: the task's own word, else the profile's."""
    return request.model or request.settings.model
