"""Costs on the wire: what runs came to, day by day or by whom."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from muxwire.options import flag

By = Literal["day", "model", "provider", "account", "origin", "workdir"]


class CostsParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """What runs came to; or price the past anew, by the prices that hold now for its days."""

    action: Annotated[Literal["show", "reprice"], Meta(extra=flag(positional=True))] = "show"
    by: Annotated[By, Meta(description="One line for each.", extra=flag("--by"))] = "day"
    days: Annotated[
        int, Meta(description="Local days to look back, today too.", ge=1, le=3660, extra=flag("--days"))
    ] = 30


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one day, model … came to, of attempts that have ended."""

    name: str
    attempts: int
    tokens: int
    cost_usd: float
    """Money, as far as it is known."""
    plan_usd: float
    """What plans have paid for, at list price; no part of the cost."""
    unpriced: int
    """Attempts at an unknown cost."""


class CostsResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    by: By = "day"
    days: int = 30
    lines: tuple[CostLine, ...] = ()
    total: CostLine | None = None
    repriced: int | None = None
    """Attempts whose cost has changed; their old figures are kept."""
