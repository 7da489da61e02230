"""Writes daemon/modelmuxd/pricing/prices.json from genai-prices (MIT), which needs Python 3.11:

    uv run --no-project --with genai-prices --with msgspec tools/prices.py

A name goes into the table when it is the model's own, when the source declares it equal, or when it stands below. What
the source matches by beginnings or parts of names is left out: it would guess.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "daemon/modelmuxd/pricing/prices.json"

MODELS = {
    "anthropic": re.compile(r"claude-(?!2|v)"),
    "openai": re.compile(r"(gpt-(4\.1|5|6)|o3|o4|codex)(?!.*(image|search|research|audio|realtime|transcribe|tts))"),
    "google": re.compile(r"gemini-(?!.*(image|tts|live|embedding|robotics|omni|banana|vision|pro-1|flash-1|1\.))"),
}
"""What the agents of each vendor may answer with."""

DECLARED = {
    "claude-3-5-haiku-latest": ("claude-3-5-haiku-20241022",),
    "claude-3-7-sonnet-latest": ("claude-3-7-sonnet-20250219",),
    "claude-haiku-4-5": ("claude-haiku-4-5-20251001",),
    "claude-opus-4-1": ("claude-opus-4-1-20250805",),
    "claude-opus-4-5": ("claude-opus-4-5-20251101",),
    "claude-sonnet-4-0": ("claude-sonnet-4-20250514",),
    "claude-sonnet-4-5": ("claude-sonnet-4-5-20250929",),
    "gemini-3.1-pro-preview": ("gemini-3.1-pro-preview-customtools",),
}
"""What the vendors list under these names: platform.claude.com (models overview), ai.google.dev (pricing)."""

RATES = {"input": "input", "cached": "cache_read", "cache_write": "cache_write", "output": "output"}


def main() -> None:
    from genai_prices.data import providers

    stamp = {
        "source": f"genai-prices {version('genai-prices')}",
        "as_of": datetime.now(timezone.utc).date().isoformat(),
    }
    rows = [
        {**row, **stamp}
        for provider in providers
        if provider.id in MODELS
        for model in provider.models
        if MODELS[provider.id].match(model.id)
        for row in rows_of(provider.id, model)
    ]
    rows.sort(key=lambda row: (row["vendor"], row["model"], row.get("since", "")))
    TARGET.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    sys.stdout.write(f"{len(rows)} prices\n")


def rows_of(vendor: str, model: Any) -> Iterator[dict[str, Any]]:
    """One for each day from which another price holds; none where the price depends on the hour."""
    priced = model.prices if isinstance(model.prices, list) else [None, model.prices]
    pairs = [(each.constraint, each.prices) for each in priced] if isinstance(model.prices, list) else [tuple(priced)]
    if any(constraint is not None and not hasattr(constraint, "start_date") for constraint, _ in pairs):
        return
    for constraint, prices in pairs:
        if (rates := rates_of(prices, None)) is None:
            continue
        starts = sorted({tier.start for each in RATES.values() for tier in tiers(prices, each)})
        row: dict[str, Any] = {"vendor": vendor, "model": model.id, "rates": rates}
        if starts:
            row["tiers"] = [{"above": start, "rates": rates_of(prices, start)} for start in starts]
        if aliases := names(vendor, model):
            row["aliases"] = aliases
        if dated(model.match):
            row["dated"] = True
        if constraint is not None:
            row["since"] = constraint.start_date.isoformat()
        yield row


def rates_of(prices: Any, above: int | None) -> dict[str, int] | None:
    """Micro-dollars for a million tokens. What a vendor sets no price of its own for is ordinary input."""
    found = {name: rate(getattr(prices, f"{each}_mtok"), above) for name, each in RATES.items()}
    if found["input"] is None or found["output"] is None:
        return None
    ordinary = found["input"]
    return {name: ordinary if value is None else value for name, value in found.items()}


def rate(price: Any, above: int | None) -> int | None:
    if price is None:
        return None
    if isinstance(price, Decimal):
        return micros(price)
    reached = [tier.price for tier in price.tiers if above is not None and tier.start <= above]
    return micros(reached[-1] if reached else price.base)


def micros(dollars: Decimal) -> int:
    value = dollars * 1_000_000
    assert value == int(value), f"{dollars} is no whole number of micro-dollars"
    return int(value)


def tiers(prices: Any, name: str) -> list[Any]:
    return getattr(getattr(prices, f"{name}_mtok"), "tiers", [])


def names(vendor: str, model: Any) -> list[str]:
    found = {*equals(model.match), *DECLARED.get(model.id, ())}
    if vendor == "anthropic":  # how Claude Code names a model with its long window
        found |= {f"{name}[1m]" for name in (model.id, *found)}
    return sorted(found - {model.id})


def equals(match: Any) -> Iterator[str]:
    if type(match).__name__ == "ClauseEquals":
        yield match.equals
    elif type(match).__name__ == "ClauseOr":
        for each in match.or_:
            yield from equals(each)


def dated(match: Any) -> bool:
    """Whether the source declares `MODEL-DATE` to mean it, and nothing wider."""
    clauses = match.or_ if type(match).__name__ == "ClauseOr" else [match]
    return any(str(getattr(each, "regex", "")).endswith((r"\d{8}$", r"\d{2}-\d{2}$")) for each in clauses)


if __name__ == "__main__":
    main()
