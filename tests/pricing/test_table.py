"""Prices are found by exact and declared names only, from their day on."""

from __future__ import annotations

from datetime import datetime, timezone
from importlib import resources

import pytest
from modelmuxd.domain.bill import Price, Rates
from modelmuxd.engine.prices import own_price, shipped
from modelmuxd.pricing.table import VENDORS, Table, read
from muxwire.settings.model import ModelPrice

NOW = datetime(2026, 11, 25, tzinfo=timezone.utc).timestamp()
RATES = Rates(input=1, cached=2, cache_write=3, output=4)


def on(day: str) -> float:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()


@pytest.mark.parametrize(
    ("provider", "model", "dollars"),
    [
        ("codex", "gpt-5.1-codex", (1.25, 0.125, 1.25, 10)),
        ("codex", "gpt-5.1-codex-mini", (0.25, 0.025, 0.25, 2)),
        ("claude", "claude-opus-4-8", (5, 0.5, 6.25, 25)),
        ("claude", "claude-opus-4-8[1m]", (5, 0.5, 6.25, 25)),
        ("claude", "claude-haiku-4-5-20251001", (1, 0.1, 1.25, 5)),
        ("gemini", "gemini-2.5-flash", (0.3, 0.03, 0.3, 2.5)),
        ("gemini", "gemini-3.1-pro-preview-customtools", (2, 0.2, 2, 12)),
        ("gemini", "gemini-3.5-flash-lite", (0.3, 0.03, 0.3, 2.5)),
    ],
)
def test_models_that_the_recordings_name_have_the_prices_of_their_vendors(
    provider: str, model: str, dollars: tuple[float, ...]
) -> None:
    found = shipped().find(provider, model, NOW)
    assert found is not None
    rates = found.rates
    assert (rates.input, rates.cached, rates.cache_write, rates.output) == tuple(round(1e6 * each) for each in dollars)
    assert found.source.startswith("genai-prices ")
    assert found.as_of >= "2026-11-25"


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("codex", "gpt-5.1-codex-maxi"),  # nearly a name
        ("codex", "gpt-5.1-codex-2026"),
        ("codex", "claude-opus-4-8"),  # another vendor's
        ("claude", "claude-opus-4-8-20991231"),  # a snapshot that nobody declared
        ("gemini", "models/gemini-2.5-flash"),
        ("dashscope", "qwen3-coder-plus"),  # whose prices are not in the table
        ("ollama", "gpt-5"),
        ("mine", "gpt-5"),
        ("codex", ""),
    ],
)
def test_likeness_is_no_price(provider: str, model: str) -> None:
    assert shipped().find(provider, model, NOW) is None


def test_a_price_holds_from_its_day_on() -> None:
    assert shipped().find("gemini", "gemini-3.8-flash", on("2026-12-31")) != shipped().find(
        "gemini", "gemini-3.8-flash", on("2027-01-01")
    )
    table = Table([Price(model="m", vendor="openai", rates=RATES, since="2026-02-01")])
    assert table.find("codex", "m", on("2026-01-31")) is None
    assert table.find("codex", "m", on("2026-02-01")) is not None


def test_dates_are_cut_only_where_that_is_declared() -> None:
    table = Table(
        [
            Price(model="a", vendor="openai", rates=RATES, dated=True),
            Price(model="b", vendor="openai", rates=RATES),
        ]
    )
    names = ("a-20260131", "a-2026-01-31", "a-2026", "b-20260131")
    assert [table.find("codex", name, NOW) is not None for name in names] == [True, True, False, False]


def test_the_users_own_price_comes_first() -> None:
    said = [own_price("gpt-5", ModelPrice(input=0.1, output=0.2)), own_price("mine/x", ModelPrice(input=1, output=2))]
    table = shipped().with_said(said)
    own = table.find("codex", "gpt-5", NOW)
    assert own is not None
    assert own.rates == Rates(input=100_000, cached=100_000, cache_write=100_000, output=200_000)
    assert own.source == "profiles.toml"
    assert table.find("mine", "x", NOW) is not None
    assert table.find("codex", "x", NOW) is None
    assert shipped().find("codex", "gpt-5", NOW) != own


def test_no_name_means_two_models_and_every_row_says_where_it_comes_from() -> None:
    rows = read(resources.files("modelmuxd.pricing").joinpath("prices.json").read_bytes())
    assert {row.vendor for row in rows} == set(VENDORS.values())
    owners: dict[tuple[str, str], str] = {}
    for row in rows:
        assert row.source
        assert row.as_of
        assert row.rates.output >= row.rates.input >= row.rates.cached > 0
        assert list(row.tiers) == sorted(row.tiers, key=lambda tier: tier.above)
        for name in (row.model, *row.aliases):
            assert owners.setdefault((row.vendor, name), row.model) == row.model
