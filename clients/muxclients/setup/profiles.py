"""The first `profiles.toml`, as `muxctl init` writes it. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import msgspec

HEAD = """\
# Written by `muxctl init`. `muxctl config show --origins` shows what comes from here.

[routing]
default_provider = {provider}
"""
RULE = """
[[routing.rules]]
provider = {provider}
match = {{ keywords = {keywords} }}
"""
BUDGET = """
[budgets]
day = {day}
warn = 0.8
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
"""Dollars a day that are proposed; 0: no limit."""


def proposed(usable: Collection[str]) -> list[Rule]:
    return [rule for rule in RULES if rule.provider in usable]


def text_of(provider: str, rules: Sequence[Rule], day: float) -> str:
    """`day`: dollars; 0 for no budget."""
    text = HEAD.format(provider=json.dumps(provider))
    for rule in rules:
        text += RULE.format(provider=json.dumps(rule.provider), keywords=json.dumps(rule.keywords))
    return text + BUDGET.format(day=day) if day else text
