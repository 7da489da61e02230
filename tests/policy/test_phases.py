"""What the policy refuses before a provider is known, of whom it rules out, and what is counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.policy.phases import Asked, Window, excluded, refused, timeout, windows
from modelmuxd.policy.rules import Policy

ASKED: dict[str, Any] = {
    "provider": "auto",
    "model": "",
    "sandbox": "read-only",
    "workdir": "/code/it",
    "timeout": None,
}


@pytest.mark.parametrize(
    ("policy", "asked", "key"),
    [
        (Policy(blocked_providers=("codex",)), {"provider": "codex"}, "blocked_providers"),
        (Policy(blocked_providers=("Codex",)), {"provider": "codex"}, "blocked_providers"),
        (Policy(allowed_providers=("claude",)), {"provider": "codex"}, "allowed_providers"),
        (Policy(blocked_models=("gpt-*",)), {"model": "GPT-5.1-codex"}, "blocked_models"),
        (Policy(allowed_models=("gpt-5",)), {"model": "gpt-5.1"}, "allowed_models"),
        (Policy(blocked_sandboxes=("full",)), {"sandbox": "full"}, "blocked_sandboxes"),
        (Policy(allowed_workdirs=("/code/other", "/code/i")), {}, "allowed_workdirs"),
        (Policy(max_timeout=10), {"timeout": 11}, "max_timeout"),
        (Policy(max_depth=1), {"depth": 2}, "max_depth"),
    ],
)
def test_an_explicit_excess_is_refused_by_its_key(policy: Policy, asked: dict[str, Any], key: str) -> None:
    fault = refused(policy, Asked(**{**ASKED, **asked}))
    assert fault
    assert (fault.code, f"{key}" in fault.message, bool(fault.hint)) == ("policy", True, True)


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        (Policy(), {"provider": "codex", "model": "m", "sandbox": "full", "timeout": 10**6, "depth": 9}),
        (Policy(blocked_providers=("codex",)), {}),
        (Policy(allowed_models=("gpt-5*",)), {"model": "gpt-5.1"}),
        (Policy(allowed_models=("a[1]?",)), {"model": "A[1]?"}),
        (Policy(allowed_workdirs=("/code/it",)), {}),
        (Policy(allowed_workdirs=("/",)), {}),
        (Policy(max_timeout=10), {"timeout": 10}),
        (Policy(max_timeout=10), {}),
        (Policy(max_depth=1), {"depth": 1}),
    ],
)
def test_the_rest_passes(policy: Policy, asked: dict[str, Any]) -> None:
    assert refused(policy, Asked(**{**ASKED, **asked})) is None


def test_a_default_is_clamped_and_a_word_is_not() -> None:
    assert timeout(Policy(max_timeout=10), None, 300) == 10
    assert timeout(Policy(max_timeout=1000), None, 300) == 300
    assert timeout(Policy(), None, 300) == 300
    assert timeout(Policy(max_timeout=10), 20, 300) == 20, "refused before, never bent"


def test_a_candidate_must_have_a_known_model_where_models_are_limited() -> None:
    policy = Policy(allowed_models=("gpt-*",))
    assert "name one with -m" in excluded(policy, "codex", "")
    assert "allowed_models" in excluded(policy, "claude", "opus")
    assert excluded(policy, "codex", "gpt-5") == ""
    assert excluded(Policy(), "codex", "") == ""


@given(st.lists(st.text(max_size=8), max_size=4), st.text(max_size=8))
def test_a_blocked_name_never_passes(blocked: list[str], name: str) -> None:
    policy = Policy(blocked_providers=tuple(blocked), allowed_providers=tuple(blocked))
    assert excluded(policy, name, "") != "" or not blocked


def test_what_is_counted() -> None:
    assert windows(Policy()) == ()
    assert windows(Policy(max_calls_per_hour=3)) == (Window("max_calls_per_hour", 3600, 3),)
    assert [each.key for each in windows(Policy(max_calls_per_hour=3, max_calls_per_day=9))] == [
        "max_calls_per_hour",
        "max_calls_per_day",
    ]
