"""What follows a fault, as a table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.domain.decision import FailOver, GiveUp, Park, RetryAt
from modelmuxd.engine.retry import (
    BACKOFF_CAP,
    FREE,
    GUESSES,
    LOST_AGAIN,
    STARTS,
    TABLE,
    Tried,
    counted,
    decide,
    eligible,
    unstarted,
)
from muxwire.faults import LOST, UNSTARTED, VERIFY, WORKTREE, Fault
from muxwire.words import FAULT_KINDS

NOW = 1000.0


def tried(**more: Any) -> Tried:
    facts: dict[str, Any] = {"same_provider": 1, "max_retries": 1, "failover": True, "elsewhere": 0.0}
    facts |= {"session": False, "now": NOW, "limit_until": NOW + 60, "provider": "codex"}
    return Tried(**{**facts, **more})


def fault(code: str, retry_after: float | None = None) -> Fault:
    return Fault(code=code, message="why?", retry_after=retry_after)


def test_every_fault_kind_has_a_row_and_no_row_is_for_nothing() -> None:
    assert TABLE.keys() == {*FAULT_KINDS, LOST, UNSTARTED, WORKTREE, VERIFY}


@pytest.mark.parametrize(
    ("code", "facts", "expected"),
    [
        ("auth", {"max_retries": 5}, FailOver),
        ("auth", {"failover": False}, GiveUp),
        ("invalid_request", {"max_retries": 5}, FailOver),
        ("refused", {"max_retries": 5}, FailOver),
        ("not_installed", {}, FailOver),
        ("not_installed", {"elsewhere": None}, GiveUp),
        ("sandbox_denied", {}, FailOver),
        ("context_too_long", {}, GiveUp),
        ("context_too_long", {"larger": True}, FailOver),
        ("rate_limit", {"max_retries": 5}, FailOver),
        ("rate_limit", {"elsewhere": NOW + 10}, Park),
        ("rate_limit", {"failover": False}, Park),
        ("rate_limit", {"session": True}, Park),
        ("quota", {"max_retries": 5}, FailOver),
        ("quota", {"elsewhere": None}, Park),
        ("quota", {"elsewhere": None, "deadline": NOW + 60}, GiveUp),
        ("quota", {"elsewhere": None, "deadline": NOW + 61}, Park),
        ("quota", {"elsewhere": None, "limited": GUESSES + 1}, GiveUp),
        ("overloaded", {"max_retries": 2}, RetryAt),
        ("overloaded", {"max_retries": 1}, FailOver),
        ("transient", {"max_retries": 3, "same_provider": 2}, RetryAt),
        ("transient", {"max_retries": 3, "same_provider": 3}, FailOver),
        ("transient", {"session": True}, GiveUp),
        ("transient", {"elsewhere": None}, GiveUp),
        ("transient", {"elsewhere": NOW + 10}, FailOver),
        ("transient", {"elsewhere": NOW + 10, "deadline": NOW + 5}, GiveUp),
        ("crashed", {"max_retries": 2}, RetryAt),
        ("crashed", {"max_retries": 2, "deadline": NOW}, GiveUp),
        ("timeout", {"max_retries": 5}, GiveUp),
        ("timeout", {"on_timeout": "fail over"}, FailOver),
        ("timeout", {"on_timeout": "retry", "max_retries": 2}, RetryAt),
        ("timeout", {"on_timeout": "retry", "max_retries": 1}, FailOver),
        ("canceled", {"max_retries": 5}, GiveUp),
        ("output_limit", {"max_retries": 5}, GiveUp),
        ("needs_input", {"max_retries": 5}, GiveUp),
        ("needs_input", {"answerable": True}, Park),
        (LOST, {}, GiveUp),
        (LOST, {"repeatable": True}, RetryAt),
        (LOST, {"repeatable": True, "same_provider": LOST_AGAIN}, GiveUp),
        (UNSTARTED, {"failover": False, "same_provider": 5}, RetryAt),
        (UNSTARTED, {"unstarted": STARTS}, GiveUp),
        ("a kind of tomorrow", {}, FailOver),
    ],
)
def test_every_kind_has_its_row(code: str, facts: dict[str, Any], expected: type) -> None:
    assert isinstance(decide(fault(code), tried(**facts), jitter=lambda: 0.5), expected)


def test_a_stated_delay_is_kept() -> None:
    after = decide(fault("overloaded", 30), tried(max_retries=2), jitter=lambda: 0.0)
    assert after == RetryAt(delay=30, why="overloaded: attempt 2 of 2")


def test_a_park_ends_when_the_first_of_all_limits_does() -> None:
    own = decide(fault("quota"), tried(elsewhere=NOW + 90))
    other = decide(fault("quota"), tried(elsewhere=NOW + 20))
    assert isinstance(own, Park)
    assert isinstance(other, Park)
    assert (own.until, other.until) == (NOW + 60, NOW + 20)
    assert own.waiting == "quota"
    assert own.text.startswith("quota until ")


def test_a_question_is_what_a_run_waits_for() -> None:
    after = decide(fault("needs_input"), tried(answerable=True))
    assert after == Park(waiting="input", text="input: why?", until=None, why="it waits for an answer")


facts = st.fixed_dictionaries(
    {
        "same_provider": st.integers(1, 5),
        "max_retries": st.integers(1, 5),
        "failover": st.booleans(),
        "session": st.booleans(),
        "answerable": st.booleans(),
        "elsewhere": st.none() | st.floats(0, 2 * NOW),
        "larger": st.booleans(),
        "repeatable": st.booleans(),
        "limited": st.integers(0, GUESSES + 2),
        "limit_until": st.floats(NOW + 1, 2 * NOW),
        "on_timeout": st.sampled_from(["give up", "fail over", "retry"]),
        "deadline": st.none() | st.floats(0, 2 * NOW),
    }
)
codes = st.sampled_from(sorted(TABLE))


@given(codes, facts, st.none() | st.floats(0, 1000), st.floats(0, 1, exclude_max=True))
def test_the_users_words_hold_whatever_happened(
    code: str, more: dict[str, Any], stated: float | None, jitter: float
) -> None:
    known = tried(**more)
    match decide(fault(code, stated), known, jitter=lambda: jitter):
        case RetryAt(delay):
            assert code == UNSTARTED or known.same_provider < max(known.max_retries, LOST_AGAIN if code == LOST else 0)
            assert 0 <= delay <= max(BACKOFF_CAP, stated or 0)
            assert code in (LOST, UNSTARTED) or known.in_time(NOW + delay)
        case FailOver():
            assert known.failover
            assert not known.session
            assert known.elsewhere is not None
            assert known.in_time(known.elsewhere)
        case Park(_, _, until, _):
            assert until is None or known.in_time(until)
        case GiveUp(why):
            assert why


@given(st.lists(codes, min_size=1, max_size=6), st.integers(1, 5), st.sampled_from(["give up", "fail over", "retry"]))
def test_the_record_says_the_same_as_the_decision(history: list[str], most: int, on_timeout: Any) -> None:
    """After a restart `eligible` stands for the decision that was made: the same provider again, at once or later,
    exactly where it says so."""
    faults = [fault(code, 1.0) for code in history]
    known = tried(
        same_provider=counted(faults),
        max_retries=most,
        on_timeout=on_timeout,
        failover=False,
        answerable=True,
        repeatable=True,
        unstarted=unstarted(faults),
    )
    after = decide(faults[-1], known, jitter=lambda: 0.0)
    assert eligible(faults, most, on_timeout) == isinstance(after, RetryAt | Park)


def test_attempts_that_did_not_get_to_work_are_free() -> None:
    assert counted([fault(code) for code in FREE]) == 0
    assert [eligible([fault(UNSTARTED)] * count, 1) for count in (STARTS - 1, STARTS)] == [True, False]
    assert eligible([fault("rate_limit"), fault("crashed"), fault("rate_limit")], 1)
    assert not eligible([fault("rate_limit"), fault("crashed")], 1)
