"""Tokens times price, in whole micro-dollars."""

from __future__ import annotations

import msgspec

from modelmuxd.domain.bill import Bill, Billing, Chosen, Price, Rates
from modelmuxd.domain.usage import Usage
from modelmuxd.pricing.table import Table

MILLION = 1_000_000
HOUR_WRITE = 2
"""Times the input rate that Anthropic asks for what its cache keeps for an hour; the table has its rate for five
minutes (platform.claude.com, prompt caching: 1.25 times and 2 times)."""


def cost(usage: Usage, price: Price) -> int:
    """Micro-dollars, rounded half to even.

    A tier goes by the length of one prompt. Where several requests are counted together it goes by their mean, and
    where nobody told how many there were, the base rates hold: a sum says nothing of any one prompt.
    """
    prompt = (usage.input + usage.cached + usage.cache_write) // usage.requests if usage.requests else 0
    rates = _rates(price, prompt)
    hour = usage.cache_write_hour if price.vendor == "anthropic" else 0
    parts = (
        usage.input * rates.input,
        usage.cached * rates.cached,
        (usage.cache_write - hour) * rates.cache_write,
        hour * HOUR_WRITE * rates.input,
        (usage.output + usage.reasoning) * rates.output,
    )
    return _rounded(sum(parts))


def bill(
    usage: Usage | None,
    *,
    provider: str,
    model: str,
    billing: Billing,
    reported: int | None,
    table: Table,
    at: float,
) -> Bill:
    """One attempt's, at Unix time `at`. `model` was asked for; it counts where the usage does not tell who answered."""
    shares = _shares(usage, model)
    found = [table.find(provider, share.model, at) for share in shares]
    prices = tuple(price for price in found if price is not None)
    known = bool(shares) and len(prices) == len(shares)
    reckoned = sum(cost(share, price) for share, price in zip(shares, prices, strict=True)) if known else None
    chosen = _chosen(prices if known else (), reported)
    return Bill(billing=billing, reported=reported, reckoned=reckoned, prices=prices, chosen=chosen)


def _chosen(prices: tuple[Price, ...], reported: int | None) -> Chosen:
    if any(not price.vendor for price in prices):
        return "said"
    if reported is not None:
        return "reported"
    return "reckoned" if prices else "none"


def _shares(usage: Usage | None, model: str) -> list[Usage]:
    """What each model used; one that used nothing needs no price."""
    if usage is None:
        return []
    if usage.shares:
        return [share for share in usage.shares if share.total]
    named = usage if usage.model else msgspec.structs.replace(usage, model=model)
    return [named] if usage.total else []


def _rates(price: Price, prompt: int) -> Rates:
    reached = [tier.rates for tier in price.tiers if prompt > tier.above]
    return reached[-1] if reached else price.rates


def _rounded(millionths: int) -> int:
    whole, rest = divmod(millionths, MILLION)
    return whole + (rest * 2 > MILLION or (rest * 2 == MILLION and whole % 2 == 1))
