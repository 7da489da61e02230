"""Tokens times price: whole micro-dollars, each model at its own, unknown where one is."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest
from adapters.replay import ADAPTERS, cases, load
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.adapters.testing import replay, request
from modelmuxd.domain.bill import Bill, Billing, Price, Rates, Tier
from modelmuxd.domain.usage import Usage
from modelmuxd.engine.prices import shipped
from modelmuxd.pricing.reckon import bill, cost
from modelmuxd.pricing.table import Table

RATES = Rates(input=2_000_000, cached=200_000, cache_write=2_500_000, output=10_000_000)
PRICE = Price(model="m", vendor="openai", rates=RATES)
LONG = Rates(input=4_000_000, cached=400_000, cache_write=5_000_000, output=15_000_000)
TIERED = Price(model="t", vendor="openai", rates=RATES, tiers=(Tier(above=1000, rates=LONG),))
OTHER = Price(model="o", vendor="openai", rates=LONG)
TABLE = Table([PRICE, TIERED, OTHER])
NOW = 1_795_000_000.0

tokens = st.integers(0, 10**10)
rates = st.builds(Rates, input=tokens, cached=tokens, cache_write=tokens, output=tokens)
usages = st.builds(Usage, input=tokens, cached=tokens, cache_write=tokens, output=tokens, reasoning=tokens)


def billed(
    usage: Usage | None,
    *,
    model: str = "",
    billing: Billing = "metered",
    reported: int | None = None,
    table: Table = TABLE,
) -> Bill:
    return bill(usage, provider="codex", model=model, billing=billing, reported=reported, table=table, at=NOW)


@given(usages, rates)
def test_a_cost_is_the_nearest_micro_dollar(usage: Usage, rates: Rates) -> None:
    exact = Fraction(
        usage.input * rates.input
        + usage.cached * rates.cached
        + usage.cache_write * rates.cache_write
        + (usage.output + usage.reasoning) * rates.output,
        1_000_000,
    )
    assert cost(usage, Price(model="m", rates=rates)) == round(exact)  # half to even


@given(usages, usages)
def test_two_together_cost_what_both_do_but_for_the_rounding(one: Usage, two: Usage) -> None:
    both = Usage(**{name: getattr(one, name) + getattr(two, name) for name in ("input", "cached", "cache_write")})
    apart = [Usage(input=each.input, cached=each.cached, cache_write=each.cache_write) for each in (one, two)]
    assert abs(cost(both, PRICE) - sum(cost(each, PRICE) for each in apart)) <= 1


@pytest.mark.parametrize(
    ("usage", "micros"),
    [
        (Usage(input=1000, output=100, requests=1), 3000),
        (Usage(input=1001, output=100, requests=1), 5504),
        (Usage(input=1, cached=1000, output=100, requests=1), 1904),  # what comes from a cache is prompt, too
        (Usage(input=5000, output=100, requests=5), 11_000),  # five prompts of a thousand
        (Usage(input=5000, output=100), 11_000),  # nobody knows of how many
    ],
)
def test_a_tier_goes_by_one_prompt_not_by_the_sum(usage: Usage, micros: int) -> None:
    assert cost(usage, TIERED) == micros


def test_each_model_has_its_own_price() -> None:
    shares = (Usage(input=10, model="m"), Usage(input=10, model="o"), Usage(model="unknown"))
    assert billed(Usage(input=20, model="m", shares=shares)).reckoned == 60


def test_one_unknown_price_makes_the_whole_unknown() -> None:
    shares = (Usage(input=10, model="m"), Usage(input=10, model="nobody's"))
    found = billed(Usage(input=20, model="m", shares=shares))
    assert (found.reckoned, found.cost, found.chosen) == (None, None, "none")
    assert billed(None).cost is None
    assert billed(Usage(input=1)).cost is None  # of no model at all


def test_the_model_that_was_asked_for_counts_where_nobody_says_who_answered() -> None:
    assert billed(Usage(input=1_000_000), model="m").cost == 2_000_000
    assert billed(Usage(input=1_000_000, model="o"), model="m").cost == 4_000_000


def test_the_clis_word_counts_over_ours_and_the_users_over_both() -> None:
    usage = Usage(input=1_000_000, model="m")
    found = billed(usage, reported=7)
    assert (found.cost, found.reported, found.reckoned, found.chosen) == (7, 7, 2_000_000, "reported")
    own = TABLE.with_said([Price(model="m", rates=LONG, source="profiles.toml")])
    found = billed(usage, reported=7, table=own)
    assert (found.cost, found.reported, found.chosen) == (4_000_000, 7, "said")


def test_who_pays() -> None:
    usage = Usage(input=1_000_000, model="m")
    assert [(each.cost, each.plan) for each in map(_paid, ("metered", "unknown", "subscription", "local"))] == [
        (2_000_000, None),
        (2_000_000, None),
        (0, 2_000_000),
        (0, None),
    ]
    unknown = billed(Usage(input=1, model="?"), billing="subscription")
    assert (unknown.cost, unknown.plan) == (0, None)
    assert billed(Usage(input=1, model="llama"), billing="local").cost == 0
    assert usage.total == 1_000_000


def _paid(billing: str) -> Bill:
    words: dict[str, Billing] = {each: each for each in ("metered", "unknown", "subscription", "local")}
    return billed(Usage(input=1_000_000, model="m"), billing=words[billing])


def replayed(provider: str, case: str) -> tuple[Usage | None, int | None]:
    recording = load(provider, case)
    _, outcome = replay(ADAPTERS[provider], [recording.stdout], recording.exit, recording.stderr)
    return outcome.usage, outcome.cost_micros


def test_our_price_of_every_recording_is_claudes_own() -> None:
    """Also after a stream that broke and was done again, whose `usage` is all zeros."""
    seen = 0
    for case in cases("claude"):
        usage, reported = replayed("claude", case)
        if usage is None or not usage.model:
            continue
        found = bill(usage, provider="claude", model="", billing="metered", reported=reported, table=shipped(), at=NOW)
        assert found.reckoned is not None
        assert reported is not None
        assert abs(found.reckoned - reported) <= 1, case  # it adds floats up
        seen += 1
    assert seen > 40


def test_a_turn_of_codex_is_paid_for_itself_alone() -> None:
    """Its totals are those of the thread: what the turn before had counted is taken off, and is paid already."""
    first, _ = replayed("codex", "resume_turn1")
    assert first is not None
    recording = load("codex", "resume_turn2")
    later = request(session="s", session_usage=first)
    _, outcome = replay(ADAPTERS["codex"], [recording.stdout], recording.exit, recording.stderr, later)
    assert outcome.usage is not None
    thread = msgspec.json.decode(outcome.usage.raw)
    paid = [
        bill(each, provider="codex", model="gpt-5.1-codex", billing="metered", reported=None, table=shipped(), at=NOW)
        for each in (first, outcome.usage)
    ]
    assert all(each.cost for each in paid)
    assert first.total + outcome.usage.total == thread["input_tokens"] + thread["output_tokens"]


def test_gemini_is_paid_by_model() -> None:
    """Its router chooses with one model and answers with another."""
    usage, _ = replayed("gemini", "success")
    assert usage is not None
    assert [(each.model, each.total) for each in usage.shares] == [
        ("gemini-3.5-flash-lite", 917),
        ("gemini-3.8-flash", 1244),
    ]
    assert sum(each.total for each in usage.shares) == usage.total
    found = bill(usage, provider="gemini", model="", billing="metered", reported=None, table=shipped(), at=NOW)
    # 903 × 0.30 + 14 × 2.50, then 1000 × 0.75 + 200 × 0.075 + 44 × 3.75, each rounded
    assert found.cost == 306 + 930
    assert [price.model for price in found.prices] == ["gemini-3.5-flash-lite", "gemini-3.8-flash"]


def test_what_a_cache_keeps_for_an_hour_has_its_own_price() -> None:
    """Anthropic asks for twice the input rate; who has set a price of his own has set it for all that is written."""
    kept = Usage(cache_write=1_000_000, cache_write_hour=400_000)
    assert cost(kept, msgspec.structs.replace(PRICE, vendor="anthropic")) == 600_000 * 2.5 + 400_000 * 2 * 2
    assert cost(kept, msgspec.structs.replace(PRICE, vendor="")) == 2_500_000
