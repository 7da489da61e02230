"""When a provider may be asked again, in every form that was found."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from modelmuxd.adapters.waits import LONGEST, NO_WAIT, Wait, epoch, read_wait, seconds

BEGAN = datetime(2026, 11, 22, 14, 30, tzinfo=timezone.utc).timestamp()


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A time of day without a zone means the machine's own."""
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(*moment: int) -> float:
    return datetime(*moment, tzinfo=timezone.utc).timestamp()  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ("Retry-After: 30", 30),
        ("retry-after 2", 2),
        ('"retry_after": 12.5', 12.5),
        ("retry-after-ms: 1500", 1.5),
        ("Suggested retry after 3s.", 3),
        ("Please retry in 33.5s.", 33.5),
        ("Please retry in 120ms", 0.12),
        ("Rate limit reached. Please try again in 1.898s. Visit", 1.898),
        ("Try again in 5 minutes.", 300),
        ("try again in 3 days 4 hours 5 minutes.", 3 * 86400 + 4 * 3600 + 300),
        ("try again in 1 day, 2 hours and 3 minutes", 86400 + 7200 + 180),
        ("Your quota will reset after 12h30m5s.", 12 * 3600 + 30 * 60 + 5),
        ('"retryDelay":"47s"', 47),
        ("retry_delay_ms: 3000", 3),
        ("retryDelayMs: 3000,", 3),
    ],
)
def test_relative(said: str, after: float) -> None:
    found = read_wait(said)
    assert found.retry_after == pytest.approx(after)
    assert found.resets_at is None


@pytest.mark.parametrize(
    ("said", "resets"),
    [
        ("Claude AI usage limit reached|1735689600", 1735689600),
        ("limit reached|1735689600000", 1735689600),
        ('"resets_at": 1735689600', 1735689600),
        ("resetsAt: 1735689600", 1735689600),
        ("Try again at 2026-11-23T04:05:06Z.", at(2026, 11, 23, 4, 5, 6)),
        ("resets 2026-11-23 04:05 +0200", at(2026, 11, 23, 2, 5)),
        ("retry-after: Mon, 23 Nov 2026 04:05:06 GMT", at(2026, 11, 23, 4, 5, 6)),
        ("Try again at Nov 25th, 2026 3:42 PM.", at(2026, 11, 25, 15, 42)),
        ("or try again at Dec 1st, 2026 12:05 AM.", at(2026, 12, 1, 0, 5)),
        ("Try again at 3:42 PM.", at(2026, 11, 22, 15, 42)),
        ("Try again at 2:29 PM.", at(2026, 11, 23, 14, 29)),
        ("You've hit your session limit · resets 5pm (Europe/Warsaw)", at(2026, 11, 22, 16)),
        ("You've hit your weekly limit · resets Nov 25, 3pm (UTC)", at(2026, 11, 25, 15)),
        ("resets Jan 2, 12:30am (America/New_York)", at(2027, 1, 2, 5, 30)),
    ],
)
def test_absolute(said: str, resets: float) -> None:
    assert read_wait(said, BEGAN) == Wait(resets_at=resets)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "try again in a moment",
        "Please wait and try again later.",
        "Try again at 3:42 PM.",  # of which day, nobody said
        "resets Nov 25, 3pm",
        "retry after Wed, 21 Oct 2026",
        "try again at Feb 31st, 2026 3:42 PM",
        "try again in 99999 days",
        "the limit is 1735689600 tokens",
        "Reconnecting... 1/5",
    ],
)
def test_what_says_nothing(said: str) -> None:
    assert read_wait(said) == NO_WAIT


@given(st.text(max_size=300), st.floats(0, 4e9) | st.none())
@example("try again at 99:99 PM", 1.7e9)
@example("try again at Nov 0th, 0000 3:42 PM", 1.7e9)
@example("resets 3pm (Etc/Nowhere)", 1.7e9)
@example("resets 3pm (../../etc/passwd)", 1.7e9)
@example("retry in " + "9" * 400 + "s", None)
@example("try again in " + "1 second " * 2000, None)
def test_any_text_is_read(said: str, began: float | None) -> None:
    for wait in (
        read_wait(said, began),
        read_wait(f"try again at {said}", began),
        read_wait(f"retry in {said}", began),
    ):
        assert wait.retry_after is None or 0 <= wait.retry_after <= LONGEST
        assert wait.resets_at is None or wait.retry_after is None


def test_numbers_out_of_bounds_are_none() -> None:
    assert [seconds(value) for value in (-1, float("nan"), float("inf"), "3", True, None, 1e12)] == [None] * 7
    assert [epoch(value) for value in (-1, 5, float("nan"), float("inf"), "3", True, None)] == [None] * 7
    assert epoch(1735689600000) == epoch(1735689600) == 1735689600.0
