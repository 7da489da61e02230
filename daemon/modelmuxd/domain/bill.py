"""What tokens cost: prices as they stood, and one attempt's bill by them. Money is whole micro-dollars."""

from __future__ import annotations

from typing import Literal

import msgspec

Billing = Literal["subscription", "metered", "local", "unknown"]
"""Who pays: a plan, somebody by the token, nobody; `unknown` is taken for money."""

Chosen = Literal["said", "reported", "reckoned", "none"]
"""Which figure counts: by a price of the user's own, else the CLI's word, else by our table."""


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """Micro-dollars for a million tokens of each kind; reasoning is paid as output."""

    input: int
    cached: int
    cache_write: int
    output: int


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """Other rates for a request whose prompt is longer than so many tokens."""

    above: int
    rates: Rates


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model's price from one day on."""

    model: str
    rates: Rates
    tiers: tuple[Tier, ...] = ()
    """The longest prompts last."""
    vendor: str = ""
    """Who asks it: anthropic, openai … Empty: said in the settings."""
    aliases: tuple[str, ...] = ()
    """Other names that are declared to mean this model."""
    dated: bool = False
    """Whether `MODEL-20260131` and `MODEL-2026-01-31` are declared to mean it too."""
    since: str = ""
    """The day (UTC, ISO) from which it holds; empty: from the beginning."""
    source: str = ""
    as_of: str = ""
    """The day on which the source was read."""


class Bill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one attempt came to, and by what."""

    billing: Billing = "unknown"
    reported: int | None = None
    """What the CLI itself says."""
    reckoned: int | None = None
    """What our prices say; None: one of its models has none."""
    prices: tuple[Price, ...] = ()
    """The prices that were applied."""
    chosen: Chosen = "none"

    @property
    def by(self) -> str:
        """Whose figure it is, in one word; empty: nobody's."""
        if self.billing == "local":
            return "local"
        return {"said": "settings", "reported": "provider", "reckoned": "table", "none": ""}[self.chosen]

    @property
    def value(self) -> int | None:
        """At list price, whoever pays; None: unknown."""
        match self.chosen:
            case "reported":
                return self.reported
            case "none":
                return None
            case _:
                return self.reckoned

    @property
    def cost(self) -> int | None:
        """Money that was spent: none under a plan or at home; None: unknown."""
        return 0 if self.billing in ("subscription", "local") else self.value

    @property
    def plan(self) -> int | None:
        """The value of what a plan has paid for; None where no plan pays, or the value is unknown."""
        return self.value if self.billing == "subscription" else None
