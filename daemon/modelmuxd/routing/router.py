"""Ranks the candidates for a task, with reasons. Pure: no clock, no files; what it knows is handed in.

A stand-in for the learned router: the user's rules, then the default provider, then a fixed order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from modelmuxd.domain.decision import Candidate, Ranked, Ranking

ORDER = ("codex", "claude", "gemini")
"""Where nothing else decides."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A user's rule; it wins only where something of it matches."""

    provider: str
    keywords: tuple[str, ...] = ()
    file_ext: tuple[str, ...] = ()
    regex: str = ""
    priority: int = 0


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    rules: tuple[Rule, ...] = ()
    default_provider: str = ""


def matches(rule: Rule, task: str) -> int:
    """How many of the rule's conditions the task meets."""
    text = task.lower()
    hits = sum(word.lower() in text for word in (*rule.keywords, *rule.file_ext))
    return hits + bool(rule.regex and re.search(rule.regex, task, re.IGNORECASE))


def rank(task: str, candidates: Sequence[Candidate], preferences: Preferences) -> Ranking:
    """Best first. Those that cannot be used are excluded with their own sentence."""
    scored = [_score(task, candidate, preferences) for candidate in candidates if candidate.available]
    ranked = sorted(scored, key=lambda one: (-one.score, _place(one.candidate.provider), one.candidate.provider))
    excluded = [Ranked(candidate=one, score=0.0, reasons=(one.why,)) for one in candidates if not one.available]
    return Ranking(ranked=tuple(ranked), excluded=tuple(excluded))


def _place(provider: str) -> int:
    return ORDER.index(provider) if provider in ORDER else len(ORDER)


def _score(task: str, candidate: Candidate, preferences: Preferences) -> Ranked:
    score, reasons = 0.0, []
    for rule in preferences.rules:
        if rule.provider == candidate.provider and (hits := matches(rule, task)):
            score = max(score, 10.0 * hits + rule.priority)
            reasons.append(f"your rule matches ({hits})")
    if candidate.provider == preferences.default_provider:
        score += 1.0
        reasons.append("your default provider")
    if not reasons:
        reasons.append("can be used; order " + ", ".join(ORDER))
    return Ranked(candidate=candidate, score=score, reasons=tuple(reasons))
