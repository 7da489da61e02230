"""How to ask opencode: `opencode run --format json …`, the prompt on stdin.

Measured with 1.18.33. Our settings travel in OPENCODE_CONFIG_CONTENT, which outweighs every other file but the
administrator's. For `read-only` and `write` they deny by default, at the top and for the agent that is asked, and deny
by name what changes anything, so that no single key of the user's survives beside ours; a denied tool is not offered.
`external_directory` keeps edits in the working folder, though a link in it that leads out is followed. The project's
own opencode.json and `.opencode` are not read then, since they may hold plugins, which run at start whatever the agent
may do; its AGENTS.md is handed on. An MCP tool that the user's own settings allow by its name stays allowed.

By itself it tries a failing call again without end and says nothing of it. A plugin of ours ends it at the first time.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from urllib.parse import quote

from modelmuxd.adapters.asking import check, chosen_model, deny, refuse_setting
from modelmuxd.adapters.jsonl import JsonObject
from modelmuxd.adapters.opencode.signin import KEYS
from modelmuxd.domain.invocation import Invocation, PlacedFile
from modelmuxd.domain.request import ProviderSettings, Request

PLUGIN = "opencode-watch.mjs"
_WATCH = b"""\
// Says which model answers, and ends the run where opencode would wait and try again without a word.
export const Watch = async () => {
  let told = ""
  const say = (line, then) => process.stdout.write(JSON.stringify(line) + "\\n", then)
  return {
    event: async ({ event }) => {
      const { info, status, sessionID } = event.properties ?? {}
      if (event.type === "message.updated" && info?.role === "assistant" && info.modelID) {
        const model = `${info.providerID}/${info.modelID}`
        if (model !== told) say({ type: "model", sessionID, model: (told = model) })
      }
      if (event.type === "session.status" && status?.type === "retry") {
        say({ type: "retry", sessionID, status }, () => process.exit(1))
      }
    },
  }
}
"""

_READ_ONLY = {"*": "deny", "read": "allow", "grep": "allow", "glob": "allow", "list": "allow", "webfetch": "allow"} | (
    dict.fromkeys(("edit", "write", "patch", "bash", "task", "skill", "todowrite", "question"), "deny")
)
_WRITE = (
    _READ_ONLY
    | dict.fromkeys(("edit", "write", "patch", "todowrite"), "allow")
    | dict.fromkeys(("bash", "task", "skill", "question", "external_directory"), "deny")
)

_AGENT = "build"
"""The agent that does things; its permissions are ours as well, or the user's for it would outweigh the general."""

PROFILE = "modelmux"
"""The provider that a profile's endpoint becomes."""
_PROFILE_KEY = "OPENCODE_PROFILE_KEY"
_OWN_ENV = ("OPENCODE_CONFIG_CONTENT", "OPENCODE_DISABLE_PROJECT_CONFIG", "OPENCODE_DISABLE_AUTOUPDATE", _PROFILE_KEY)


def prepare(request: Request, env_names: tuple[str, ...]) -> Invocation:
    prompt = check("opencode", request, ours=frozenset(_OWN_ENV))
    _refuse(request)
    own = request.settings
    argv = [request.program, "run", "--format", "json", "--print-logs", "--log-level", "ERROR", *_sandbox(request)]
    if model := chosen_model(request):
        argv += ["-m", f"{PROFILE}/{model}" if own.base_url else model]
    # A title of ours spares the model call that would make one up.
    argv += ["-s", request.session] if request.session else ["--title", "modelmux"]
    return Invocation(
        argv=tuple(argv),
        stdin=prompt,
        files=(PlacedFile(PLUGIN, _WATCH),),
        env={**own.extra_env, **_env(request)},
        env_names=tuple(name for name in env_names if not (own.api_key_env and name in KEYS)),
        env_aliases={_PROFILE_KEY: own.api_key_env} if own.api_key_env else {},
        stop_signal="TERM",
        enforced="no_tools" if request.sandbox == "read-only" else "permission",
    )


def _refuse(request: Request) -> None:
    own, model = request.settings, chosen_model(request)
    refuse_setting("opencode", request, "wire_api")
    if request.effort:
        text = f"opencode has no reasoning effort that holds for every model ({request.effort!r} was asked)."
        raise deny("opencode", "invalid_request", text, "Leave it out, or choose a model by -m.")
    if own.api_key_env and not own.base_url:
        text = "opencode needs to know whose key it is: the profile sets api_key_env without base_url."
        raise deny("opencode", "invalid_request", text, "Add base_url, or let opencode find its own key.")
    if own.base_url and not model:
        text = "opencode needs a model for the profile's base_url."
        raise deny("opencode", "invalid_request", text, "Name it with -m, or as `model` in the profile.")
    if model and "/" not in model and not own.base_url:
        text = f"{model!r} is no model of opencode's: they are named PROVIDER/MODEL."
        raise deny("opencode", "invalid_request", text, "See `opencode models`.")
    if any("{" in word for word in (request.workdir, request.folder, own.base_url, model)):
        # In its settings opencode puts variables and files in for `{env:…}` and `{file:…}`.
        raise deny(
            "opencode", "invalid_request", "opencode would not take a path, model or address with '{' literally."
        )


def _sandbox(request: Request) -> tuple[str, ...]:
    return ("--auto",) if request.sandbox == "full" else ("--agent", _AGENT)


def _env(request: Request) -> dict[str, str]:
    settings: JsonObject = {"plugin": [f"file://{quote(str(PurePath(request.folder, PLUGIN)))}"]}
    env = {"OPENCODE_DISABLE_AUTOUPDATE": "1"}  # a task is no moment to replace the program under the other runs
    if request.sandbox != "full":
        rules = _READ_ONLY if request.sandbox == "read-only" else _WRITE
        settings |= {"permission": rules, "agent": {_AGENT: {"permission": rules}}}
        settings["instructions"] = [str(PurePath(request.workdir, "AGENTS.md"))]
        env["OPENCODE_DISABLE_PROJECT_CONFIG"] = "1"
    if request.settings.base_url:
        settings["provider"] = {PROFILE: _endpoint(request.settings, chosen_model(request))}
    return {**env, "OPENCODE_CONFIG_CONTENT": json.dumps(settings, separators=(",", ":"))}


def _endpoint(own: ProviderSettings, model: str) -> JsonObject:
    options = {"baseURL": own.base_url}
    if own.api_key_env:
        options["apiKey"] = f"{{env:{_PROFILE_KEY}}}"
    return {"npm": "@ai-sdk/openai-compatible", "name": "profile", "options": options, "models": {model: {}}}
