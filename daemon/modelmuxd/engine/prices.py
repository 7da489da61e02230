"""The prices that hold here: the table we ship, and the user's own over it."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from importlib import resources

from muxwire.settings.model import ModelPrice

from modelmuxd.domain.bill import Price, Rates
from modelmuxd.pricing.table import Table, read


@cache
def shipped() -> Table:
    """Read once; a few dozen rows."""
    return Table(read(resources.files("modelmuxd.pricing").joinpath("prices.json").read_bytes()))


def own_price(model: str, said: ModelPrice) -> Price:
    """A price from profiles.toml; without a word on caches, what is read or written there is ordinary input."""
    rates = Rates(
        input=_micros(said.input),
        cached=_micros(said.input if said.cached is None else said.cached),
        cache_write=_micros(said.input if said.cache_write is None else said.cache_write),
        output=_micros(said.output),
    )
    return Price(model=model, rates=rates, source="profiles.toml")


def _micros(dollars: float) -> int:
    """As it was written: 0.1 is 100,000, whatever a float makes of it."""
    return round(Decimal(repr(dollars)) * 1_000_000)
