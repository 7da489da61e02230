"""How to ask Qwen Code: `qwen -o stream-json …`, the prompt on stdin.

Measured with 0.15.10. A session can be resumed only from the folder in which it began.

`read-only` offers tools that read and no other, and denies the rest besides: a deny outweighs whatever the user's or
the project's own settings allow. For `write` the CLI's `auto-edit` will not do, since it lets the agent write anywhere
(measured); so the mode is `default`, which refuses headless what no rule allows, with one rule for the working folder.
A link in that folder that leads out of it is followed, and a settings file that allows more than our rule is obeyed.

What is left, as with Gemini CLI: it trusts every folder unless its user says otherwise
(`security.folderTrust.enabled`), and in one that it trusts it obeys the project's own `.qwen/settings.json`, whose
`tools.discoveryCommand` and hooks run whatever the agent may do (measured). Only the layer of settings above could
forbid them, and QWEN_CODE_SYSTEM_SETTINGS_PATH would put ours in the place of the administrator's.
"""

from __future__ import annotations

import json
from pathlib import PurePath

from modelmuxd.adapters.asking import check, chosen_model, deny, refuse_setting
from modelmuxd.domain.invocation import Invocation, PlacedFile
from modelmuxd.domain.request import ProviderSettings, Request

_READ = "read_file,grep_search,glob,list_directory,web_fetch"
_WRITE = f"{_READ},todo_write,edit,write_file"
_NO_WAY_ROUND = "run_shell_command,monitor,agent,skill,exit_plan_mode,cron_create,send_message,tool_search"
"""Denied by name as well: what runs commands, or somebody else who may, or leaves the mode."""
_NO_SERVER = "modelmux-allows-none"
_ODD_IN_RULE = frozenset(",()*?[]{}!\\")
"""What a rule would not take literally."""

_DEFAULTS = {
    "$version": 4,  # else the CLI rewrites the file in its present form
    "model": {"generationConfig": {"maxRetries": 0}, "skipLoopDetection": True},
    "memory": {"enableManagedAutoMemory": False, "enableManagedAutoDream": False},
}
"""Its lowest layer of settings, below the user's own: no second model call about every answer, and only the CLI's own
seven tries (about 80 s at a 429 or 500, not to be turned off) instead of those times the four of its HTTP library."""

DEFAULTS = "qwen-defaults.json"
_OWN_ENV = {"QWEN_CODE_NO_RELAUNCH": "true"}  # one process instead of two, and one that hears SIGTERM
_KEYS = ("OPENAI_API_KEY", "DASHSCOPE_API_KEY", "BAILIAN_CODING_PLAN_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")
_URLS = ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL")


def prepare(request: Request, env_names: tuple[str, ...]) -> Invocation:
    prompt = check("qwen", request, ours=frozenset((*_OWN_ENV, "QWEN_CODE_SYSTEM_DEFAULTS_PATH")))
    _refuse(request)
    own = request.settings
    argv = [request.program, "-o", "stream-json", "--include-partial-messages", *_sandbox(request), *_endpoint(own)]
    if model := chosen_model(request):
        argv += ["-m", model]
    if request.session:
        argv += ["--resume", request.session]
    return Invocation(
        argv=tuple(argv),
        stdin=prompt,
        files=(PlacedFile(DEFAULTS, json.dumps(_DEFAULTS).encode()),),
        env={
            **own.extra_env,
            **_OWN_ENV,
            "QWEN_CODE_SYSTEM_DEFAULTS_PATH": str(PurePath(request.folder, DEFAULTS)),
        },
        env_names=_names(own, env_names),
        env_aliases={"OPENAI_API_KEY": own.api_key_env} if own.api_key_env else {},
        stop_signal="TERM",
        enforced="no_tools" if request.sandbox == "read-only" else "permission",
    )


def _refuse(request: Request) -> None:
    refuse_setting("qwen", request, "wire_api")
    if request.effort:
        raise deny(
            "qwen",
            "invalid_request",
            f"Qwen Code has no reasoning effort to set ({request.effort!r} was asked).",
            "Leave it out, or choose a model by -m.",
        )
    if request.sandbox == "write" and _ODD_IN_RULE & set(request.workdir):
        raise deny(
            "qwen",
            "sandbox_denied",
            f"Qwen Code's permission rules cannot name this folder exactly: {request.workdir}.",
            "Use another provider, or a folder without brackets, commas and wildcards in its path.",
        )


def _sandbox(request: Request) -> tuple[str, ...]:
    if request.sandbox == "full":
        return ("--approval-mode", "yolo")
    fence = ("--approval-mode", "default", "--allowed-mcp-server-names", _NO_SERVER)
    if request.sandbox == "read-only":
        return (*fence, "--core-tools", _READ, "--exclude-tools", f"{_NO_WAY_ROUND},edit,write_file")
    here = f"Edit(/{PurePath(request.workdir)}/**)"  # "//…" is an absolute path; it speaks of write_file as well
    return (*fence, "--core-tools", _WRITE, "--exclude-tools", _NO_WAY_ROUND, "--allowed-tools", here)


def _endpoint(own: ProviderSettings) -> tuple[str, ...]:
    """A profile's own endpoint speaks OpenAI's protocol, whatever the user's settings choose."""
    if not (own.base_url or own.api_key_env):
        return ()
    return ("--auth-type", "openai", *(("--openai-base-url", own.base_url) if own.base_url else ()))


def _names(own: ProviderSettings, env_names: tuple[str, ...]) -> tuple[str, ...]:
    """A profile's own key stands alone: no other key of the caller's goes to that endpoint."""
    gone = _KEYS if own.api_key_env else ()
    gone = (*gone, *_URLS) if own.base_url else gone
    return tuple(name for name in env_names if name not in gone)
