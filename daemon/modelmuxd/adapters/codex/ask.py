"""How to ask Codex: `codex exec --json … [resume ID] -`, the prompt on stdin.

Measured with 0.169.0. `resume` remembers neither sandbox nor model and takes no `-s` itself, so all flags stand before
it, on every turn. Settings go as `-c key=value`: of `-c features.X=false` a version that does not know X prints a
warning, of its synonym `--disable X` it dies.
"""

from __future__ import annotations

from pathlib import Path

from muxwire.words import Sandbox

from modelmuxd.adapters.asking import check, chosen_model, deny
from modelmuxd.domain.invocation import Invocation, PlacedFile
from modelmuxd.domain.request import ProviderSettings, Request

_SANDBOX: dict[Sandbox, str] = {
    "read-only": "read-only",
    "write": "workspace-write",
    "full": "danger-full-access",
}

OWN_PROVIDER = "modelmux"
SCHEMA = "schema.json"


def prepare(request: Request, env_names: tuple[str, ...]) -> Invocation:
    prompt = check("codex", request)
    argv = [request.program, "exec", "--json", "--skip-git-repo-check", "-s", _SANDBOX[request.sandbox]]
    if model := chosen_model(request):
        argv += ["-m", model]
    for setting in _settings(request):
        argv += ["-c", setting]
    if request.schema:
        argv += ["--output-schema", str(Path(request.folder, SCHEMA))]
    argv += ["resume", request.session, "-"] if request.session else ["-"]
    return Invocation(
        argv=tuple(argv),
        stdin=prompt,
        files=(PlacedFile(SCHEMA, request.schema.encode()),) if request.schema else (),
        env=dict(request.settings.extra_env),
        env_names=_names(request.settings, env_names),
        env_aliases=_aliases(request.settings),
        stop_signal="TERM",
        # bubblewrap and seccomp, or Seatbelt; `full` asks for no fence, and Codex's own approval setting says so.
        enforced="permission" if request.sandbox == "full" else "kernel",
    )


def _settings(request: Request) -> list[str]:
    # Without it a run without network waits for ever (over 560 s measured), printing "waiting for network".
    settings = ["features.unbounded_connection_retries=false"]
    if request.effort:
        settings.append(f"model_reasoning_effort={_string(request.effort)}")
    return settings + _provider(request.settings)


def _provider(own: ProviderSettings) -> list[str]:
    """A provider of the user's own, with the inner retries off, so that our policy decides.

    The built-in one rejects such overrides: it keeps its five tries (7 to 35 s), which the reader tells as they come.
    Codex's own telemetry is off here, since whoever brings his own endpoint does not mean to call OpenAI as well, and
    where only that endpoint can be reached it costs 5 s at every exit; with the built-in provider it is the user's
    business.
    """
    if own.wire_api not in ("", "responses"):
        raise deny(
            "codex",
            "invalid_request",
            f"Codex no longer speaks wire_api = {own.wire_api!r}, only 'responses'.",
            "Remove wire_api from the profile, or use an endpoint with the Responses API.",
        )
    if not own.base_url:
        return []
    table = {"name": OWN_PROVIDER, "base_url": own.base_url, "wire_api": "responses"}
    if own.api_key_env:
        table["env_key"] = own.api_key_env
    fields = [f"{key}={_string(value)}" for key, value in table.items()]
    fields += ["request_max_retries=0", "stream_max_retries=0"]
    return [
        f"model_providers.{OWN_PROVIDER}={{{','.join(fields)}}}",
        f"model_provider={_string(OWN_PROVIDER)}",
        "analytics.enabled=false",
    ]


def _names(own: ProviderSettings, env_names: tuple[str, ...]) -> tuple[str, ...]:
    """With an endpoint of the user's own, no key of OpenAI's goes along."""
    if not own.base_url:
        return env_names
    kept = tuple(name for name in env_names if name.startswith("CODEX_") and not name.endswith(("_KEY", "_TOKEN")))
    return (*kept, own.api_key_env) if own.api_key_env else kept


def _aliases(own: ProviderSettings) -> dict[str, str]:
    """`codex exec` reads CODEX_API_KEY; OPENAI_API_KEY alone is a 401 (measured)."""
    return {"CODEX_API_KEY": own.api_key_env} if own.api_key_env and not own.base_url else {}


def _string(value: str) -> str:
    """A TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
