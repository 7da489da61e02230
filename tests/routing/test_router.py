"""Who comes first for what reason, as tables; and what must hold whatever is known."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.domain.decision import Candidate, Ranking
from modelmuxd.domain.knowledge import Judged, Knowledge, Measured, Reached, Retracted, Signal
from modelmuxd.routing.learn import learn
from modelmuxd.routing.router import PREFER, Asked, Preferences, rank
from modelmuxd.routing.rules import Rule

NAMES = ("claude", "codex", "gemini")
NOTHING = Preferences(explore=0.0)
BUG = "Fix the regression: the traceback below is raised"


def candidate(name: str, **more: Any) -> Candidate:
    return Candidate(provider=name, account=name, **more)


def ranked(task: str = "x", preferences: Preferences = NOTHING, known: Knowledge | None = None, **more: Any) -> Ranking:
    candidates = [candidate(name) for name in NAMES]
    return rank(Asked(task=task, **more), candidates, preferences, known or Knowledge())


def order(*args: Any, **more: Any) -> list[str]:
    return [one.candidate.provider for one in ranked(*args, **more).ranked]


def judged(agent: str, value: float, times: int = 1, **more: Any) -> list[Signal]:
    one = {"at": 1000.0, "agent": agent, "value": value, "source": "verify", "expected": 0.6, **more}
    return [signal for _ in range(times) for signal in (Reached(at=1000.0, agent=agent), Judged(**one))]


def learned(*signals: Signal) -> Knowledge:
    known = Knowledge()
    for signal in signals:
        known = learn(known, signal)
    return known


def test_where_nothing_is_known_the_default_provider_comes_first() -> None:
    assert order(preferences=Preferences(default_provider="gemini", explore=0.0))[0] == "gemini"


def test_a_rule_that_matches_beats_the_default_and_what_is_known() -> None:
    rules = (Rule(provider="claude", keywords=("security",)),)
    preferences = Preferences(rules=rules, default_provider="gemini", explore=0.0)
    known = learned(*judged("codex", 1.0, 40))
    assert order("look at the Security of this", preferences)[0] == "claude"
    assert order("look at the Security of this", preferences, known)[0] == "claude"
    assert order("something else", preferences)[0] == "gemini"


def test_a_rule_without_a_match_never_wins_whatever_its_priority() -> None:
    rules = (Rule(provider="gemini", keywords=("css",), priority=99),)
    preferences = Preferences(rules=rules, default_provider="codex", explore=0.0)
    assert order("x", preferences)[0] == "codex"


def test_the_higher_priority_decides_between_rules_then_the_hits() -> None:
    rules = (
        Rule(provider="gemini", keywords=("api", "css"), priority=1),
        Rule(provider="claude", keywords=("api",), priority=2),
        Rule(provider="codex", keywords=("api",), priority=1),
    )
    assert order("css for the api", Preferences(rules=rules, explore=0.0)) == ["claude", "gemini", "codex"]


@pytest.mark.parametrize(
    ("signals", "task", "first"),
    [
        (judged("gemini", 1.0, 12), "x", "gemini"),
        ([*judged("codex", 0.0, 12), *judged("claude", 1.0, 3)], "x", "claude"),
        ([*judged("gemini", 1.0, 20, kind="bug"), *judged("gemini", 0.0, 6)], BUG, "gemini"),
        (judged("gemini", 0.95, 12, source="rating", weight=0.7), "x", "gemini"),
        ([*judged("codex", 1.0, 3, source="benchmark"), *judged("gemini", 1.0, 30, source="benchmark")], "x", "gemini"),
    ],
)
def test_what_is_known_decides_and_not_the_default(signals: list[Signal], task: str, first: str) -> None:
    assert order(task, Preferences(default_provider="codex", explore=0.0), learned(*signals))[0] == first


def test_an_agent_is_known_for_a_project_of_its_own() -> None:
    signals = [*judged("codex", 1.0, 30), *judged("claude", 0.8, 30)]
    signals += [*judged("codex", 0.0, 25, project="/p"), *judged("claude", 1.0, 25, project="/p")]
    known = learned(*signals)
    assert order(known=known, project="/p")[0] == "claude"


def test_infrastructure_faults_teach_availability_and_nothing_of_the_work() -> None:
    down = [Reached(at=1.0, agent="claude", fault="quota") for _ in range(5)]
    known = learned(*judged("claude", 1.0, 10), *down)
    assert known.agents["claude"].all == learned(*judged("claude", 1.0, 10)).agents["claude"].all
    assert min(one.parts["reached"] for one in ranked(known=known).ranked) < -0.06


def test_a_model_that_degrades_is_noticed_within_tens_of_runs() -> None:
    known = learned(*judged("codex", 1.0, 60, expected=0.85), *judged("claude", 0.8, 5))
    bad = 0
    while order(known=known)[0] == "codex":
        for signal in judged("codex", 0.0, expected=ranked(known=known).ranked[0].mean):
            known = learn(known, signal)
        bad += 1
    assert 0 < bad <= 15
    assert known.agents["codex"].changed == 1


@pytest.mark.parametrize(("prefer", "first"), [("quality", "claude"), ("cheap", "codex"), ("fast", "gemini")])
def test_what_the_user_gives_up_for_what(prefer: str, first: str) -> None:
    said = {"claude": (0.95, 60.0, 900_000), "codex": (0.9, 60.0, 10_000), "gemini": (0.85, 3.0, 400_000)}
    signals: list[Signal] = []
    for agent, (value, seconds, cost) in [*said.items()] * 40:
        signals += judged(agent, value)
        signals.append(Measured(at=1.0, agent=agent, kind="other", seconds=seconds, cost_micros=cost))
    assert order(preferences=Preferences(weights=PREFER[prefer], explore=0.0), known=learned(*signals))[0] == first


def test_chance_comes_from_the_run_and_never_where_it_may_not() -> None:
    preferences = Preferences(explore=1.0)
    known = learned(*judged("codex", 0.7, 2), *judged("claude", 0.7, 2), *judged("gemini", 0.7, 2))
    firsts = {order(preferences=preferences, known=known, seed=f"run{number}")[0] for number in range(40)}
    assert len(firsts) > 1
    calm = order(known=known, explore=False)[0]
    for number in range(40):
        one = ranked(preferences=preferences, known=known, seed=f"run{number}").ranked[0]
        assert one.routed is not None
        assert one.routed.explored == one.reasons[0].startswith("tried out") == (one.candidate.provider != calm)
    again = [order(preferences=preferences, known=known, seed="a") for _ in range(2)]
    assert again[0] == again[1]
    assert {one.parts["chance"] for one in ranked(preferences=preferences, known=known, explore=False).ranked} == {0.0}


def test_an_earlier_rating_is_taken_back() -> None:
    first = Judged(at=5.0, agent="codex", value=0.05, weight=0.7, source="rating", expected=0.6)
    second = Judged(at=6.0, agent="codex", value=0.95, weight=0.7, source="rating", expected=0.6)
    both = learned(first, Retracted(at=6.0, judged=first), second)
    assert both.agents["codex"].all.total == pytest.approx(learned(second).agents["codex"].all.total, abs=0.02)


def test_it_says_how_sure_it_is_and_what_would_change_its_mind() -> None:
    found = ranked(known=learned(*judged("codex", 1.0, 40), *judged("claude", 0.2, 40)))
    assert found.sure > 0.9
    assert "bad answers in a row of codex" in found.turn
    assert ranked().turn.partition(": ")[2].startswith("one bad answer of ")
    assert found.ranked[0].reasons[0].startswith("expected 0.")


def test_the_unusable_are_excluded_with_their_sentence() -> None:
    candidates = [candidate("codex", available=False, why="not logged in"), candidate("claude")]
    found = rank(Asked(task="x"), candidates, NOTHING, Knowledge())
    assert [one.candidate.provider for one in found.ranked] == ["claude"]
    assert [one.reasons for one in found.excluded] == [("not logged in",)]


def test_the_order_of_the_candidates_does_not_matter() -> None:
    known = learned(*judged("codex", 0.4, 5), *judged("gemini", 0.9, 3))
    for preferences in (NOTHING, Preferences(default_provider="claude", explore=0.8)):
        ways = {
            tuple(one.candidate.provider for one in rank(Asked(task="x", seed="s"), way, preferences, known).ranked)
            for way in itertools.permutations([candidate(name) for name in NAMES])
        }
        assert len(ways) == 1


LARGE = st.floats(0.0, 1e9)
SHARES = st.floats(0.0, 1.0)
AGENTS = st.sampled_from([*NAMES, "codex:m"])
WORDS = st.sampled_from(["", "bug", "tests", "/p", "/q"])
TIMES = st.floats(0.0, 4e9)
JUDGED = st.builds(
    Judged, at=TIMES, agent=AGENTS, value=SHARES, weight=SHARES, kind=WORDS, project=WORDS, expected=SHARES,
    source=st.sampled_from(["verify", "rating", "benchmark", "apply"]),
)  # fmt: skip
SIGNALS = st.lists(
    st.one_of(
        JUDGED,
        st.builds(Reached, at=TIMES, agent=AGENTS, fault=st.sampled_from(["", "quota"])),
        st.builds(Measured, at=TIMES, agent=AGENTS, kind=WORDS, seconds=st.floats(0, 1e9), cost_micros=LARGE),
        st.builds(Retracted, at=TIMES, judged=JUDGED),
    ),
    max_size=60,
)


@given(SIGNALS, st.text(max_size=200), st.sampled_from(NAMES))
def test_whatever_is_known_scores_are_numbers_and_the_excluded_stay_out(
    signals: list[Signal], task: str, out: str
) -> None:
    known = learned(*signals)
    assert learned(*signals) == known
    candidates = [candidate(name, available=name != out, why="no") for name in NAMES]
    found = rank(Asked(task=task, seed="s"), candidates, Preferences(default_provider=out, explore=1.0), known)
    assert out not in [one.candidate.provider for one in found.ranked]
    for one in found.ranked:
        assert math.isfinite(one.score)
        assert 0.0 <= one.mean <= 1.0
        assert one.routed is not None
    assert 0.0 <= found.sure <= 1.0
