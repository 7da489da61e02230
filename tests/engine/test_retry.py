"""What follows a fault, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.domain.decision import FailOver, GiveUp, RetryAt
from modelmuxd.engine.retry import BACKOFF_CAP, PATIENCE, Tried, decide, eligible
from muxwire.faults import LOST, Fault
from muxwire.words import FAULT_KINDS


def tried(**more: object) -> Tried:
    facts: dict[str, object] = {"same_provider": 1, "max_retries": 1, "failover": True, "others": 1, "session": False}
    return Tried(**{**facts, **more})  # type: ignore[arg-type]


def fault(code: str, retry_after: float | None = None) -> Fault:
    return Fault(code=code, message="", retry_after=retry_after)


@pytest.mark.parametrize(
    ("code", "facts", "expected"),
    [
        ("auth", {"max_retries": 5}, FailOver),
        ("auth", {"failover": False}, GiveUp),
        ("invalid_request", {"max_retries": 5}, FailOver),
        ("refused", {"max_retries": 5}, FailOver),
        ("not_installed", {}, FailOver),
        ("sandbox_denied", {}, FailOver),
        ("context_too_long", {}, FailOver),
        ("quota", {"max_retries": 5}, FailOver),
        ("overloaded", {"max_retries": 2}, RetryAt),
        ("overloaded", {"max_retries": 1}, FailOver),
        ("transient", {"max_retries": 3, "same_provider": 2}, RetryAt),
        ("transient", {"max_retries": 3, "same_provider": 3}, FailOver),
        ("crashed", {"max_retries": 2}, RetryAt),
        ("rate_limit", {"max_retries": 2}, RetryAt),
        ("timeout", {"max_retries": 5}, GiveUp),
        ("canceled", {"max_retries": 5}, GiveUp),
        ("output_limit", {"max_retries": 5}, GiveUp),
        ("needs_input", {"max_retries": 5}, GiveUp),
        ("transient", {"session": True}, GiveUp),
        ("transient", {"others": 0}, GiveUp),
        (LOST, {}, GiveUp),
        (LOST, {"repeatable": True}, RetryAt),
        (LOST, {"repeatable": True, "same_provider": 3}, GiveUp),
    ],
)
def test_every_kind_has_its_row(code: str, facts: dict[str, object], expected: type) -> None:
    assert isinstance(decide(fault(code), tried(**facts)), expected)


def test_a_stated_delay_is_kept_and_a_long_one_fails_over() -> None:
    assert decide(fault("rate_limit", 30), tried(max_retries=2), jitter=lambda: 0.0) == RetryAt(
        delay=30, why="rate_limit: attempt 2 of 2"
    )
    assert isinstance(decide(fault("rate_limit", PATIENCE + 1), tried(max_retries=2)), FailOver)


@given(st.sampled_from(sorted(FAULT_KINDS)), st.integers(1, 5), st.integers(1, 5), st.floats(0, 1), st.booleans())
def test_never_more_attempts_than_allowed_and_delays_are_bounded(
    code: str, same: int, most: int, jitter: float, failover: bool
) -> None:
    after = decide(fault(code), tried(same_provider=same, max_retries=most, failover=failover), jitter=lambda: jitter)
    if isinstance(after, RetryAt):
        assert same < most
        assert 0 <= after.delay <= BACKOFF_CAP
    if isinstance(after, FailOver):
        assert failover


@given(st.sampled_from(sorted(FAULT_KINDS)), st.integers(1, 5), st.integers(1, 5))
def test_the_record_says_the_same_as_the_decision(code: str, same: int, most: int) -> None:
    """After a restart `eligible` stands for the decision that was made: a retry was one exactly where it says so."""
    after = decide(fault(code), tried(same_provider=same, max_retries=most))
    assert eligible([fault(code)] * same, most) == isinstance(after, RetryAt)
