"""How to ask Gemini CLI: `gemini -o stream-json …`, the prompt on stdin.

Measured with 0.61.0. A session can be resumed only from the folder in which it began.

No approval mode keeps its word by itself when nobody is there to ask: in `default`, `auto_edit` and `plan` alike the
agent may call `enter_plan_mode` and `exit_plan_mode`, both allowed by the CLI's own headless policy, and finds itself
in YOLO mode, shell and all (measured: it wrote a file in all three). So a policy file of ours, in the tier above
the user's, denies both. Where a machine's administrator has policies of his own the CLI ignores ours and says so on
stderr; the reader makes that a fault.

What is left: the CLI works headless only in a folder that it trusts, and in such a folder it obeys the project's own
`.gemini/settings.json`, whose `tools.discoveryCommand` runs at start, whatever the agent may do (measured).
"""

from __future__ import annotations

import json
from pathlib import PurePath

from modelmuxd.adapters.asking import check, chosen_model, deny, refuse_setting
from modelmuxd.domain.invocation import Invocation, PlacedFile
from modelmuxd.domain.request import ProviderSettings, Request

_READ_ONLY = b"""\
[[rule]]
toolName = "*"
decision = "deny"
priority = 900
denyMessage = "This agent runs read-only: no tool may change anything."

[[rule]]
toolName = ["read_file", "read_many_files", "list_directory", "glob", "grep_search", "google_web_search"]
decision = "allow"
priority = 950
"""

_WRITE = b"""\
[[rule]]
toolName = ["enter_plan_mode", "exit_plan_mode", "run_shell_command"]
decision = "deny"
priority = 900
denyMessage = "This agent edits files; it has no shell, and no plan mode, since leaving that would give it one."
"""

_DEFAULTS = {"general": {"maxAttempts": 1}, "model": {"disableLoopDetection": True}}
"""Inner retries off (ten tries, about four minutes), and no answer cut because it repeats itself."""

POLICY = "gemini-policy.toml"
DEFAULTS = "gemini-defaults.json"
_NO_SERVER = "modelmux-allows-none"

_OWN_ENV = {
    "GEMINI_CLI_TRUST_WORKSPACE": "true",  # else exit 55; the flag for it is younger than the variable
    "GEMINI_CLI_NO_RELAUNCH": "true",  # one process instead of two, and one that hears SIGTERM
}
_KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_ACCESS_TOKEN", "GEMINI_CLI_CUSTOM_HEADERS")


def prepare(request: Request, env_names: tuple[str, ...]) -> Invocation:
    prompt = check("gemini", request, ours=frozenset((*_OWN_ENV, "GEMINI_CLI_SYSTEM_DEFAULTS_PATH")))
    _refuse(request)
    files = _files(request)
    argv = [request.program, "-o", "stream-json", *_sandbox(request)]
    if model := chosen_model(request):
        argv += ["-m", model]
    if request.session:
        argv += ["--resume", request.session]
    own = request.settings
    return Invocation(
        argv=tuple(argv),
        stdin=prompt,
        files=files,
        env={**own.extra_env, **_env(request)},
        env_names=_names(own, env_names),
        env_aliases={"GEMINI_API_KEY": own.api_key_env} if own.api_key_env else {},
        stop_signal="TERM",
        enforced="no_tools" if request.sandbox == "read-only" else "permission",
    )


def _refuse(request: Request) -> None:
    refuse_setting("gemini", request, "wire_api")
    if request.effort:
        raise deny(
            "gemini",
            "invalid_request",
            f"Gemini CLI has no reasoning effort to set ({request.effort!r} was asked).",
            "Leave it out, or choose a model by -m.",
        )
    if request.session == "latest" or request.session.isdigit():
        # To the CLI these name whatever session happens to be the last one, or the n-th.
        raise deny(
            "gemini", "invalid_request", f"{request.session!r} is no session id of Gemini's.", "Give the whole id."
        )
    if "," in request.folder and request.sandbox != "full":
        # The CLI splits a list of policy files at commas, and then runs without ours.
        raise deny("gemini", "sandbox_denied", f"The state folder has a comma in its path: {request.folder}.")


def _sandbox(request: Request) -> tuple[str, ...]:
    """In `default` the agent answers; in `plan` it would be made to plan, by another model than the user's."""
    if request.sandbox == "full":
        return ("--approval-mode", "yolo")
    mode = "default" if request.sandbox == "read-only" else "auto_edit"
    policy = str(PurePath(request.folder, POLICY))
    return ("--approval-mode", mode, "--admin-policy", policy, "--allowed-mcp-server-names", _NO_SERVER)


def _files(request: Request) -> tuple[PlacedFile, ...]:
    files = []
    if request.sandbox != "full":
        files.append(PlacedFile(POLICY, _READ_ONLY if request.sandbox == "read-only" else _WRITE))
    if request.as_root:
        files.append(PlacedFile(DEFAULTS, json.dumps(_DEFAULTS).encode()))
    return tuple(files)


def _env(request: Request) -> dict[str, str]:
    """The CLI's lowest layer of settings, below the user's own.

    Only as root: the CLI takes such a file only when it and every folder above it belong to root and nobody else may
    write there. Other users keep the ten tries and the loop detection; the reader tells of the latter, and the run's
    deadline bounds the former. The layer above, GEMINI_CLI_SYSTEM_SETTINGS_PATH, would replace the administrator's.
    """
    env = dict(_OWN_ENV)
    if request.as_root:
        env["GEMINI_CLI_SYSTEM_DEFAULTS_PATH"] = str(PurePath(request.folder, DEFAULTS))
    if request.settings.base_url:
        env["GOOGLE_GEMINI_BASE_URL"] = request.settings.base_url
    return env


def _names(own: ProviderSettings, env_names: tuple[str, ...]) -> tuple[str, ...]:
    """A profile's own key stands alone: no other key of the caller's goes to that endpoint."""
    gone = _KEYS if own.api_key_env else ()
    gone = (*gone, "GOOGLE_GEMINI_BASE_URL") if own.base_url else gone
    return tuple(name for name in env_names if name not in gone)
