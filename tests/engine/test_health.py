"""What an attempt's end says of its account."""

from __future__ import annotations

import pytest
from modelmuxd.engine.health import LIMITS, LONGEST, cooldown, health, limit_end
from muxwire.faults import LOST, Fault
from muxwire.words import FAULT_KINDS

NOW = 1000.0


@pytest.mark.parametrize("code", sorted({*FAULT_KINDS, LOST}))
def test_only_what_the_provider_is_to_blame_for_counts_against_it(code: str) -> None:
    assert health(Fault(code, "")) == ("bad" if code in ("overloaded", "transient", "crashed") else "")


def test_an_answer_is_good_health() -> None:
    assert health(None) == "good"


@pytest.mark.parametrize(
    ("fault", "until"),
    [
        (Fault("rate_limit", "", retry_after=20), NOW + 20),
        (Fault("quota", "", resets_at=NOW + 7200), NOW + 7200),
        (Fault("quota", "", retry_after=5, resets_at=NOW + 7200), NOW + 7200),
        (Fault("quota", "", resets_at=NOW - 7200), NOW + 1),
        (Fault("rate_limit", "", retry_after=0), NOW + 1),
        (Fault("overloaded", "", retry_after=9), NOW + 9),
    ],
)
def test_a_cooldown_lasts_as_long_as_the_provider_says(fault: Fault, until: float) -> None:
    made = cooldown(fault, account="a", provider="p", now=NOW, met=1)
    assert made is not None
    assert (made.until, made.kind, made.account) == (until, fault.code, "a")


@pytest.mark.parametrize("code", sorted(FAULT_KINDS - LIMITS.keys()))
def test_nothing_else_cools_an_account_down(code: str) -> None:
    assert cooldown(Fault(code, ""), account="a", provider="p", now=NOW, met=1) is None


def test_no_limit_lasts_for_years() -> None:
    """A reset that is misread, or a hostile one, does not park an account until the next century."""
    assert limit_end(Fault("quota", "", resets_at=NOW + 1e10), NOW, 1) == NOW + LONGEST


def test_a_guess_doubles_up_to_its_most() -> None:
    guesses = [limit_end(Fault("rate_limit", ""), NOW, met) - NOW for met in (1, 2, 3, 9, 10_000)]
    assert guesses == [30, 60, 120, 900, 900]
