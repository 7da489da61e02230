"""The user's own rules, and which of them a task meets. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """It wins only where something of it matches."""

    provider: str
    keywords: tuple[str, ...] = ()
    file_ext: tuple[str, ...] = ()
    regex: str = ""
    priority: int = 0


def matches(rule: Rule, task: str) -> int:
    """How many of the rule's conditions the task meets."""
    text = task.lower()
    hits = sum(word.lower() in text for word in (*rule.keywords, *rule.file_ext))
    return hits + bool(rule.regex and re.search(rule.regex, task, re.IGNORECASE))


def met(rules: Sequence[Rule], task: str, provider: str) -> tuple[int, int] | None:
    """The best of this provider's rules that match, as (priority, hits): the higher priority first, then more hits."""
    found = [(rule.priority, hits) for rule in rules if rule.provider == provider and (hits := matches(rule, task))]
    return max(found, default=None)
