from __future__ import annotations

import itertools

from modelmuxd.domain.decision import Candidate
from modelmuxd.routing.router import Preferences, Rule, rank

NOTHING = Preferences()
NAMES = ("gemini", "claude", "codex")


def candidate(name: str, **more: object) -> Candidate:
    return Candidate(provider=name, account=name, **more)  # type: ignore[arg-type]


def order(task: str, preferences: Preferences = NOTHING) -> list[str]:
    ranking = rank(task, [candidate(name) for name in NAMES], preferences)
    return [one.candidate.provider for one in ranking.ranked]


def test_without_anything_the_fixed_order_holds() -> None:
    assert order("x") == ["codex", "claude", "gemini"]


def test_the_default_provider_comes_first() -> None:
    assert order("x", Preferences(default_provider="gemini"))[0] == "gemini"


def test_a_rule_that_matches_beats_the_default() -> None:
    rules = (Rule(provider="claude", keywords=("security",)),)
    preferences = Preferences(rules=rules, default_provider="gemini")
    assert order("review Security of this", preferences)[0] == "claude"
    assert order("something else", preferences)[0] == "gemini"


def test_a_rule_without_a_match_never_wins_whatever_its_priority() -> None:
    assert order("x", Preferences(rules=(Rule(provider="gemini", keywords=("css",), priority=99),)))[0] == "codex"


def test_the_unusable_are_excluded_with_their_sentence() -> None:
    ranking = rank("x", [candidate("codex", available=False, why="not installed")], Preferences())
    assert not ranking.ranked
    assert ranking.excluded[0].reasons == ("not installed",)


def test_the_order_of_candidates_changes_nothing() -> None:
    found = {
        tuple(one.candidate.provider for one in rank("x", [candidate(n) for n in names], Preferences()).ranked)
        for names in itertools.permutations(NAMES)
    }
    assert len(found) == 1
