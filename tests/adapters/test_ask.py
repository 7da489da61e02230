"""How each CLI is asked, frozen for every combination; and why the delicate parts are as they are.

`cd tests && python -m adapters.test_ask PROVIDER` prints the combinations as they are now.
"""

from __future__ import annotations

import sys
from itertools import product
from typing import Any

import msgspec
import pytest
from adapters.replay import ADAPTERS, EXPECTED
from modelmuxd.adapters.base import HOSTED
from modelmuxd.adapters.testing import request
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import ProviderSettings
from muxwire.faults import Fault, FaultError
from muxwire.words import EFFORTS, SANDBOXES

SESSION = "0b9d9f1e-1111-4222-8333-444444444444"
PROFILE = ProviderSettings(
    model="profile-model", base_url="https://gateway.test/v1", api_key_env="GATEWAY_KEY", extra_env={"HTTP_X": "1"}
)
PROVIDERS = sorted(ADAPTERS)
CLIS = sorted(name for name, adapter in ADAPTERS.items() if adapter.program != HOSTED)


def ask(provider: str, **more: Any) -> Invocation | Fault:
    try:
        return ADAPTERS[provider].prepare(request(task="do it", **more))
    except FaultError as error:
        return error.fault


def asked(provider: str, **more: Any) -> Invocation:
    found = ask(provider, **more)
    assert isinstance(found, Invocation), found
    return found


def refused(provider: str, **more: Any) -> Fault:
    found = ask(provider, **more)
    assert isinstance(found, Fault), found
    return found


def combinations() -> list[tuple[str, dict[str, Any]]]:
    choices: list[tuple[str, dict[str, Any]]] = []
    for sandbox, *more in product(SANDBOXES, ("", "session"), ("", "model"), ("", "effort"), ("", "profile")):
        given: dict[str, Any] = {"sandbox": sandbox}
        given |= {"session": SESSION} if "session" in more else {}
        given |= {"model": "m-1"} if "model" in more else {}
        given |= {"effort": "high"} if "effort" in more else {}
        given |= {"settings": PROFILE} if "profile" in more else {}
        choices.append((" ".join(filter(None, [sandbox, *more])), given))
    return choices + [(f"{sandbox} root", {"sandbox": sandbox, "as_root": True}) for sandbox in SANDBOXES]


def line(provider: str, name: str, given: dict[str, Any]) -> dict[str, Any]:
    found = ask(provider, **given)
    if isinstance(found, Fault):
        return {"ask": name, "refused": f"{found.code}: {found.message}"}
    kept = {"ask": name, "argv": " ".join(found.argv), "env": found.env, "enforced": found.enforced}
    kept |= {"aliases": found.env_aliases} if found.env_aliases else {}
    return kept | ({"files": [placed.name for placed in found.files]} if found.files else {})


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_combination(provider: str) -> None:
    frozen = (EXPECTED / f"{provider}_ask.jsonl").read_text(encoding="utf-8").splitlines()
    now = [line(provider, name, given) for name, given in combinations()]
    assert now == [msgspec.json.decode(one) for one in frozen]


@pytest.mark.parametrize("effort", EFFORTS)
def test_effort(effort: str) -> None:
    assert f'model_reasoning_effort="{effort}"' in asked("codex", effort=effort).argv
    argv = asked("claude", effort=effort).argv
    assert argv[argv.index("--effort") + 1] == effort
    assert "reasoning effort" in refused("gemini", effort=effort).message


def test_codex_flags_stand_before_resume() -> None:
    """`resume` remembers neither, and takes no -s of its own."""
    argv = asked("codex", session=SESSION, sandbox="write", model="m", effort="low").argv
    assert argv[-3:] == ("resume", SESSION, "-")
    assert all(argv.index(flag) < argv.index("resume") for flag in ("-s", "-m", "-c"))
    assert argv[argv.index("-s") + 1] == "workspace-write"


def test_codex_and_claude_are_held_to_a_schema_and_others_leave_it_alone() -> None:
    claude = asked("claude", schema='{"type": "object"}').argv
    assert claude[claude.index("--json-schema") + 1] == '{"type": "object"}'
    held = asked("codex", schema='{"type": "object"}', session=SESSION)
    at = held.argv.index("--output-schema")
    assert at < held.argv.index("resume")
    assert [(file.name, file.content) for file in held.files] == [("schema.json", b'{"type": "object"}')]
    assert held.argv[at + 1] == f"{request(task='do it').folder}/schema.json"
    for name in PROVIDERS:
        if name not in ("codex", "claude"):
            assert ask(name, schema='{"type": "object"}') == ask(name)


def test_codex_built_in_provider_gets_no_overrides() -> None:
    argv = " ".join(asked("codex").argv)
    assert "model_provider" not in argv
    assert "retries=0" not in argv
    assert "analytics" not in argv
    assert "features.unbounded_connection_retries=false" in argv


def test_codex_own_provider_is_one_toml_table() -> None:
    tomli = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    settings = ProviderSettings(base_url='https://x.test/"v1\\', api_key_env="MY_KEY")
    argv = asked("codex", settings=settings).argv
    config = tomli.loads("\n".join(argv[place + 1] for place, word in enumerate(argv) if word == "-c"))
    assert config["model_provider"] == "modelmux"
    assert config["model_providers"]["modelmux"] == {
        "name": "modelmux",
        "base_url": 'https://x.test/"v1\\',
        "wire_api": "responses",
        "env_key": "MY_KEY",
        "request_max_retries": 0,
        "stream_max_retries": 0,
    }


def test_no_key_goes_to_another_endpoint() -> None:
    for provider, keys in {
        "codex": {"CODEX_API_KEY", "CODEX_ACCESS_TOKEN", "OPENAI_API_KEY"},
        "claude": {"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_BASE_URL"},
        "gemini": {"GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL"},
        "qwen": {"OPENAI_API_KEY", "OPENAI_BASE_URL", "DASHSCOPE_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"},
        "opencode": {"OPENCODE_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"},
    }.items():
        assert not keys & set(asked(provider, settings=PROFILE).env_names)
        assert keys <= set(asked(provider).env_names)


def test_a_key_of_the_users_own_by_its_name() -> None:
    settings = ProviderSettings(api_key_env="MY_KEY")
    assert asked("codex", settings=settings).env_aliases == {"CODEX_API_KEY": "MY_KEY"}
    assert asked("claude", settings=settings).env_aliases == {"ANTHROPIC_AUTH_TOKEN": "MY_KEY"}
    assert asked("gemini", settings=settings).env_aliases == {"GEMINI_API_KEY": "MY_KEY"}
    assert asked("qwen", settings=settings).env_aliases == {"OPENAI_API_KEY": "MY_KEY"}


def test_wire_api_has_effect_or_is_refused() -> None:
    assert "chat" in refused("codex", settings=ProviderSettings(wire_api="chat", base_url="http://x")).message
    assert isinstance(ask("codex", settings=ProviderSettings(wire_api="responses")), Invocation)
    for provider in ("claude", "gemini", "qwen", "opencode"):
        assert "wire_api" in refused(provider, settings=ProviderSettings(wire_api="responses")).message


@pytest.mark.parametrize("provider", CLIS)
def test_the_tasks_model_outweighs_the_profiles(provider: str) -> None:
    argv = asked(provider, model="my/own", settings=ProviderSettings(model="the/ir")).argv
    assert "my/own" in argv
    assert "the/ir" not in argv


def test_claude_as_root_needs_to_be_told_that_this_is_a_sandbox() -> None:
    found = refused("claude", sandbox="full", as_root=True)
    assert found.code == "sandbox_denied"
    assert "IS_SANDBOX" in found.hint
    full = asked("claude", sandbox="full", as_root=True, env_present=frozenset({"IS_SANDBOX"}))
    assert "--dangerously-skip-permissions" in full.argv
    assert "IS_SANDBOX" in full.env_names
    assert "IS_SANDBOX" not in full.env
    assert isinstance(ask("claude", sandbox="write", as_root=True), Invocation)


def test_claude_read_only_has_no_tool_that_writes() -> None:
    argv = asked("claude", sandbox="read-only").argv
    offered = set(argv[argv.index("--tools") + 1].split(","))
    assert offered == {"Read", "Glob", "Grep", "WebFetch", "WebSearch"}


@pytest.mark.parametrize("sandbox", ["read-only", "write"])
def test_claude_runs_nothing_that_a_project_defines(sandbox: str) -> None:
    argv = asked("claude", sandbox=sandbox).argv
    assert "--strict-mcp-config" in argv
    assert msgspec.json.decode(argv[argv.index("--settings") + 1]) == {"disableAllHooks": True}


@pytest.mark.parametrize("url", ["https://me:secret@x.test/v1", "file:///etc/passwd", "-x", "https://x.test/?key=a@b"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_base_url_is_a_plain_address(provider: str, url: str) -> None:
    assert "base_url" in refused(provider, settings=ProviderSettings(base_url=url)).message


@pytest.mark.parametrize("sandbox", ["read-only", "write"])
def test_gemini_cannot_leave_its_mode(sandbox: str) -> None:
    found = asked("gemini", sandbox=sandbox)
    policy = next(placed for placed in found.files if placed.name.endswith(".toml"))
    assert f"/state/attempt/{policy.name}" in found.argv
    tomli = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    rules = tomli.loads(policy.content.decode())["rule"]
    denied = [rule["toolName"] for rule in rules if rule["decision"] == "deny"]
    allowed = [tool for rule in rules if rule["decision"] == "allow" for tool in rule["toolName"]]
    by_name = [["enter_plan_mode", "exit_plan_mode", "run_shell_command"]]
    assert denied == (["*"] if sandbox == "read-only" else by_name)
    assert not {"write_file", "replace", "run_shell_command", "exit_plan_mode", "invoke_agent"} & set(allowed)


def test_gemini_settings_only_where_the_cli_takes_them() -> None:
    """It skips such a file unless root owns it and all folders above."""
    assert "GEMINI_CLI_SYSTEM_DEFAULTS_PATH" not in asked("gemini").env
    root = asked("gemini", as_root=True)
    named = root.env["GEMINI_CLI_SYSTEM_DEFAULTS_PATH"]
    placed = next(placed for placed in root.files if named.endswith(placed.name))
    assert msgspec.json.decode(placed.content)["general"] == {"maxAttempts": 1}
    assert not any("SETTINGS" in name for name in root.env), "the administrator's settings stay"


@pytest.mark.parametrize("session", ["latest", "5", "0"])
def test_gemini_takes_no_word_for_a_session(session: str) -> None:
    assert "session id" in refused("gemini", session=session).message


def test_gemini_policy_path_with_a_comma_is_refused() -> None:
    assert refused("gemini", folder="/home/a,b/state").code == "sandbox_denied"
    assert isinstance(ask("gemini", folder="/home/a,b/state", sandbox="full"), Invocation)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_profile_cannot_undo_what_we_set(provider: str) -> None:
    for name in asked(provider).env:
        assert name in refused(provider, settings=ProviderSettings(extra_env={name: "x"})).message


if __name__ == "__main__":
    for combination, given in combinations():
        print(msgspec.json.encode(line(sys.argv[1], combination, given)).decode())
