"""How to ask Claude Code: `claude -p --output-format stream-json --verbose …`, the prompt on stdin.

Measured with 2.1.197. A session can be resumed only from the folder in which it began.
"""

from __future__ import annotations

from modelmuxd.adapters.asking import check, chosen_model, deny, refuse_setting
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import ProviderSettings, Request

_PRINT = ("-p", "--output-format", "stream-json", "--verbose", "--include-partial-messages")

_FENCED = ("--strict-mcp-config", "--settings", '{"disableAllHooks":true}')
"""Headless, Claude Code asks nobody whether to trust a folder: it runs the hooks and starts the MCP servers that the
project's own files define, in every mode, and they write where they like (measured). No switch for the project's alone
keeps its CLAUDE.md, so that with sandbox `read-only` and `write` the user's own are off as well."""

_READ_ONLY = (*_FENCED, "--permission-mode", "dontAsk", "--tools", "Read,Glob,Grep,WebFetch,WebSearch")
"""No tool that writes is offered at all; in `plan` mode there is a shell, guarded only by Claude's own reading of each
command."""

_WRITE = (*_FENCED, "--permission-mode", "acceptEdits")

_OWN_ENV = {
    "CLAUDE_CODE_MAX_RETRIES": "0",  # else ten tries, about three minutes, before our policy hears of anything
    "DISABLE_AUTOUPDATER": "1",  # a task is no moment to replace the program under the other runs
}
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")


def prepare(request: Request, env_names: tuple[str, ...]) -> Invocation:
    prompt = check("claude", request, ours=frozenset(_OWN_ENV))
    refuse_setting("claude", request, "wire_api")
    argv = [request.program, *_PRINT, *_sandbox(request)]
    if model := chosen_model(request):
        argv += ["--model", model]
    if request.effort:
        argv += ["--effort", request.effort]
    if request.schema:  # a tool of its own: whoever does not call it is reminded once, and then taken at his word
        argv += ["--json-schema", request.schema]
    if request.session:
        argv += ["--resume", request.session]
    own = request.settings
    return Invocation(
        argv=tuple(argv),
        stdin=prompt,
        env={**own.extra_env, **({"ANTHROPIC_BASE_URL": own.base_url} if own.base_url else {}), **_OWN_ENV},
        env_names=_names(own, env_names),
        env_aliases={"ANTHROPIC_AUTH_TOKEN": own.api_key_env} if own.api_key_env else {},
        stop_signal="INT",  # on TERM it leaves a running tool behind
        enforced="no_tools" if request.sandbox == "read-only" else "permission",
    )


def _sandbox(request: Request) -> tuple[str, ...]:
    if request.sandbox == "read-only":
        return _READ_ONLY
    if request.sandbox == "write":
        return _WRITE
    if request.as_root and "IS_SANDBOX" not in request.env_present and "IS_SANDBOX" not in request.settings.extra_env:
        raise deny(
            "claude",
            "sandbox_denied",
            "Claude Code refuses sandbox 'full' to root.",
            "Run as another user, or set IS_SANDBOX=1 if this machine is a throw-away container.",
        )
    return ("--dangerously-skip-permissions",)


def _names(own: ProviderSettings, env_names: tuple[str, ...]) -> tuple[str, ...]:
    """A profile's own key stands alone: no other key of the caller's goes to that endpoint."""
    gone = (*_KEYS, "ANTHROPIC_CUSTOM_HEADERS") if own.api_key_env else ()
    gone = (*gone, "ANTHROPIC_BASE_URL") if own.base_url else gone
    return tuple(name for name in env_names if name not in gone)
