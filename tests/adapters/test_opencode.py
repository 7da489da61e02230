"""What is opencode's own: rules that no key of the user's undoes, retries without end, models by PROVIDER/MODEL."""

from __future__ import annotations

import json
from typing import Any

import pytest
from adapters.replay import ADAPTERS, expectations, lines, load
from adapters.test_ask import asked, refused
from modelmuxd.adapters.testing import answer, replay
from modelmuxd.domain.events import Limit, Started
from modelmuxd.domain.invocation import Exit

# Written by hand from what was measured: never regenerated.
FAILURES = {
    "auth_401": "auth",
    "forbidden_403": "auth",
    "bad_request_400": "context_too_long",
    "unknown_model": "invalid_request",
    "resume_gone": "invalid_request",
    "resume_unknown_id": "invalid_request",
    # Recorded without its log, which alone says what happened.
    "invalid_model": "crashed",
    "quota_429": "quota",
    "rate_429_persistent": "rate_limit",
    "overloaded_503": "overloaded",
    "server_500_persistent": "transient",
    "stream_error": "transient",
    "disconnect_mid": "transient",
    "connection_refused": "transient",
}
URL = "https://gate.test/v1"


def settings(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asked("opencode", **more).env["OPENCODE_CONFIG_CONTENT"])
    return found


def test_every_failure_is_what_was_measured_and_the_rest_succeed() -> None:
    assert {case: one.fault for case, one in expectations("opencode").items() if one.fault} == FAILURES


def test_it_waits_for_nothing_but_says_until_when() -> None:
    recording = load("opencode", "rate_429_persistent")
    events, outcome = replay(ADAPTERS["opencode"], [recording.stdout], recording.exit, recording.stderr)
    assert outcome.fault is not None
    assert outcome.fault.resets_at is not None
    assert [event.resets_at for event in events if isinstance(event, Limit)] == [outcome.fault.resets_at]


@pytest.mark.parametrize("sandbox", ["read-only", "write"])
def test_rules_deny_by_default_and_by_name(sandbox: str) -> None:
    """By name as well: beside a `*` of ours a `bash` of the user's would go on to hold."""
    found = settings(sandbox=sandbox)
    rules = found["permission"]
    assert found["agent"]["build"]["permission"] == rules
    assert next(iter(rules.items())) == ("*", "deny"), "the last rule that matches decides"
    assert {rules[name] for name in ("bash", "task", "skill")} == {"deny"}
    edits = {rules[name] for name in ("edit", "write", "patch")}
    assert edits == ({"deny"} if sandbox == "read-only" else {"allow"})
    assert rules.get("external_directory") == (None if sandbox == "read-only" else "deny")


def test_the_projects_own_settings_are_left_out_but_not_its_instructions() -> None:
    fenced = asked("opencode", workdir="/home/me/p")
    assert fenced.env["OPENCODE_DISABLE_PROJECT_CONFIG"] == "1"
    assert settings(workdir="/home/me/p")["instructions"] == ["/home/me/p/AGENTS.md"]
    full = asked("opencode", sandbox="full")
    assert "OPENCODE_DISABLE_PROJECT_CONFIG" not in full.env
    assert "--auto" in full.argv
    assert "--auto" not in fenced.argv


def test_a_profiles_endpoint_becomes_a_provider_and_its_key_stays_a_name() -> None:
    own = {"base_url": URL, "api_key_env": "GATE_KEY"}
    found = asked("opencode", model="some/model", settings=own)
    assert found.argv[found.argv.index("-m") + 1] == "modelmux/some/model"
    provider = settings(model="some/model", settings=own)["provider"]["modelmux"]
    assert provider["options"] == {"baseURL": URL, "apiKey": "{env:OPENCODE_PROFILE_KEY}"}
    assert list(provider["models"]) == ["some/model"]
    assert found.env_aliases == {"OPENCODE_PROFILE_KEY": "GATE_KEY"}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"model": "gpt-5"}, "PROVIDER/MODEL"),
        ({"settings": {"api_key_env": "K"}}, "base_url"),
        ({"settings": {"base_url": URL}}, "model"),
        ({"workdir": "/{file:~/.ssh/id}"}, "literally"),
        ({"folder": "/{env:HOME}"}, "literally"),
        ({"model": "a/{env:HOME}"}, "literally"),
        ({"settings": {"base_url": "https://x.test/{env:HOME}", "model": "m"}}, "literally"),
    ],
)
def test_refused_by_name(given: dict[str, Any], word: str) -> None:
    assert word in refused("opencode", **given).message


def told(kind: str, session: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "sessionID": session, **more}


def test_a_sub_agents_session_and_model_are_not_the_runs() -> None:
    said = lines(
        told("model", "ses_1", model="a/big"),
        told("model", "ses_2", model="a/small"),
        told("step_start", "ses_1"),
        told("text", "ses_1", part={"text": "one, "}),
        told("text", "ses_1", part={"text": "two"}),
        told("step_finish", "ses_1", part={"reason": "stop", "cost": 0.25}),
    )
    events, outcome = replay(ADAPTERS["opencode"], [said], Exit(0))
    assert (outcome.session, outcome.model, outcome.cost_micros) == ("ses_1", "a/big", 250_000)
    assert [event.model for event in events if isinstance(event, Started)] == ["a/big"]
    assert answer(events) == "one, two"


@pytest.mark.parametrize(("reason", "kind"), [("length", "output_limit"), ("content-filter", "refused")])
def test_an_answer_cut_short_is_no_success(reason: str, kind: str) -> None:
    said = lines(told("text", "ses_1", part={"text": "half"}), told("step_finish", "ses_1", part={"reason": reason}))
    _, outcome = replay(ADAPTERS["opencode"], [said], Exit(0))
    assert outcome.fault is not None
    assert outcome.fault.code == kind


def test_a_step_that_goes_on_is_no_end() -> None:
    said = lines(told("text", "ses_1", part={"text": "x"}), told("step_finish", "ses_1", part={"reason": "tool-calls"}))
    assert replay(ADAPTERS["opencode"], [said], Exit(0))[1].fault is not None
