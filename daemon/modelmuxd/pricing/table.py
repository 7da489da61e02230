"""Which price holds for a model on a day: by its exact name or one declared to mean it, never by likeness."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timezone

import msgspec

from modelmuxd.domain.bill import Price

VENDORS = {"claude": "anthropic", "codex": "openai", "gemini": "google"}
"""Whose models the built-in providers ask, and at whose prices."""

_DATE = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")
_ROWS = msgspec.json.Decoder(tuple[Price, ...])


class Table:
    """Prices by vendor and name. `said` are the user's own, by `MODEL` or `PROVIDER/MODEL`: they come first."""

    def __init__(self, rows: Iterable[Price], said: Iterable[Price] = ()) -> None:
        self._rows: dict[tuple[str, str], list[Price]] = {}
        self._said = {row.model: row for row in said}
        for row in rows:
            for name in (row.model, *row.aliases):
                self._rows.setdefault((row.vendor, name), []).append(row)

    def find(self, provider: str, model: str, at: float) -> Price | None:
        """The price of a provider's model at a Unix time; None: unknown."""
        if own := self._said.get(f"{provider}/{model}") or self._said.get(model):
            return own
        vendor, day = VENDORS.get(provider, ""), datetime.fromtimestamp(at, timezone.utc).date().isoformat()
        rows = self._rows.get((vendor, model)) or self._dated(vendor, model)
        return max((row for row in rows if row.since <= day), key=lambda row: row.since, default=None)

    def _dated(self, vendor: str, model: str) -> list[Price]:
        rows = self._rows.get((vendor, _DATE.sub("", model)), [])
        return [row for row in rows if row.dated]

    def with_said(self, said: Iterable[Price]) -> Table:
        """The same with a user's own prices."""
        other = Table(())
        other._rows, other._said = self._rows, {row.model: row for row in said}
        return other


def read(data: bytes) -> tuple[Price, ...]:
    """The rows of prices.json, which tools/prices.py writes. Raises msgspec.DecodeError."""
    return _ROWS.decode(data)
