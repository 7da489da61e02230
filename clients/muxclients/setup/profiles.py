"""What `muxctl init` writes into `profiles.toml`: only what it does not say yet, and nothing else in it is touched."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection
from typing import Any

import msgspec

from muxclients.setup import toml_table

HEAD = "# Written by `muxctl init`. `muxctl config show --origins` shows what comes from here.\n"
RULE = """
[[routing.rules]]
provider = {provider}
match = {{ keywords = {keywords} }}
"""


class Rule(msgspec.Struct, frozen=True):
    """Words of a task that send it to one provider."""

    provider: str
    keywords: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.keywords)} → {self.provider}"


RULES = (
    Rule("gemini", ("frontend", "react", "css")),
    Rule("claude", ("security", "architecture", "review")),
    Rule("codex", ("algorithm", "debug", "performance")),
)
"""What is proposed to those who want rules: what each is known for. Without any, routing learns it."""
DAYS = (0.0, 1.0, 5.0, 20.0)
MONTHS = (0.0, 20.0, 100.0, 400.0)
"""Dollars that are proposed; 0: no limit."""
WARN = 0.8
"""The share of a budget from which `status` warns."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Those that were asked for; an empty one adds nothing."""

    provider: str = ""
    rules: tuple[Rule, ...] = ()
    day: float = 0.0
    month: float = 0.0

    @property
    def budgets(self) -> dict[str, float]:
        limits = {"day": self.day, "month": self.month}
        limits = {name: dollars for name, dollars in limits.items() if dollars}
        return {**limits, "warn": WARN} if limits else {}


class Open(msgspec.Struct, frozen=True):
    """What a file does not say yet, and may be asked."""

    provider: bool
    rules: bool
    budgets: bool


def proposed(usable: Collection[str]) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if rule.provider in usable)


def unsaid(text: str) -> Open:
    """Raises ValueError for a text that is no TOML."""
    data = toml_table.parse(text)
    routing = data.get("routing", {})
    return Open("default_provider" not in routing, "rules" not in routing, "budgets" not in data)


def with_answers(text: str, answers: Answers) -> str:
    """The text and what they add. Raises ValueError where that cannot be done by additions alone."""
    written = text or HEAD
    if answers.provider:
        written = toml_table.add(written, "routing", "default_provider", answers.provider)
    for rule in answers.rules:
        written += RULE.format(provider=json.dumps(rule.provider), keywords=json.dumps(rule.keywords))
    if answers.budgets:
        written = toml_table.put(written, ("budgets",), answers.budgets)
    if written == HEAD:
        return ""
    if not _says(written, _wanted(toml_table.parse(text), answers)):
        raise ValueError("its tables have a form that cannot be added to safely")
    return written


def _says(text: str, wanted: Any) -> bool:
    try:
        return bool(toml_table.parse(text) == wanted)
    except ValueError:
        return False


def _wanted(data: Any, answers: Answers) -> Any:
    """What must be read from the file afterwards."""
    data = copy.deepcopy(data)
    if answers.provider:
        data.setdefault("routing", {})["default_provider"] = answers.provider
    if answers.rules:
        rules = [{"provider": one.provider, "match": {"keywords": list(one.keywords)}} for one in answers.rules]
        data.setdefault("routing", {}).setdefault("rules", []).extend(rules)
    if answers.budgets:
        data["budgets"] = answers.budgets
    return data
