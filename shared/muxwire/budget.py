"""Budgets on the wire: what they allow, what has gone and what is left."""

from __future__ import annotations

from typing import Literal

import msgspec


class BudgetLine(msgspec.Struct, frozen=True, kw_only=True):
    """One budget in one period."""

    name: str
    """Such as `of codex for this week`."""
    limit_usd: float
    spent_usd: float
    held_usd: float
    """Held back by runs that are under way."""
    left_usd: float
    resets_at: float

    @property
    def share(self) -> float:
        """Of the limit, what is spent or held back."""
        gone = self.spent_usd + self.held_usd
        return gone / self.limit_usd if self.limit_usd else 1.0


class BudgetReport(msgspec.Struct, frozen=True, kw_only=True):
    lines: tuple[BudgetLine, ...] = ()
    warn: float = 0.8
    """The share from which a budget is worth a warning."""
    then: Literal["refuse", "cheapest"] = "refuse"
    """What follows when one is used up."""
