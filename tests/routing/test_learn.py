"""What is learned: small, the same again when it is learned again, and gone when it is taken back."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.domain.knowledge import Judged, Knowledge, Measured, Reached, Retracted, Signal
from modelmuxd.routing.learn import MOST_OF_ONE, MOST_PROJECTS, learn
from modelmuxd.routing.router import project_key

SHARES = st.floats(0.0, 1.0)
TIMES = st.floats(0.0, 1e10)
AGENTS = st.sampled_from(["codex", "claude", "codex:gpt-5.1"])
KINDS = st.sampled_from(["", "bug", "prose"])
JUDGED = st.builds(
    Judged,
    at=TIMES,
    agent=AGENTS,
    value=SHARES,
    weight=SHARES,
    source=st.sampled_from(["verify", "rating", "benchmark"]),
    kind=KINDS,
    project=st.sampled_from(["", "p", "q"]),
    expected=SHARES,
)
MEASURED = st.builds(Measured, at=TIMES, agent=AGENTS, kind=KINDS, seconds=st.floats(0.0, 1e15))
REACHED = st.builds(Reached, at=TIMES, agent=AGENTS, fault=st.sampled_from(["", "quota"]))
SIGNALS = st.lists(JUDGED | MEASURED | REACHED | st.builds(Retracted, at=TIMES, judged=JUDGED), max_size=60)


def learned(signals: list[Signal], known: Knowledge | None = None) -> Knowledge:
    known = known or Knowledge()
    for signal in signals:
        known = learn(known, signal)
    return known


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        for one in value.values():
            yield from numbers(one)
    elif isinstance(value, list):
        for one in value:
            yield from numbers(one)
    elif isinstance(value, (int, float)):
        yield value


@given(SIGNALS, st.integers(0, 60))
def test_the_log_read_again_gives_the_same_knowledge_with_a_snapshot_between(signals: list[Signal], at: int) -> None:
    snapshot = msgspec.json.decode(msgspec.json.encode(learned(signals[:at])), type=Knowledge)
    assert learned(signals[at:], snapshot) == learned(signals)


@given(SIGNALS)
def test_whatever_is_said_knowledge_is_numbers(signals: list[Signal]) -> None:
    assert all(math.isfinite(one) for one in numbers(msgspec.to_builtins(learned(signals))))


def test_knowledge_stays_small_with_twelve_agents_in_two_hundred_projects() -> None:
    known = Knowledge()
    for number in range(6000):
        name = f"provider{number % 12}:a-model-of-some-name"
        where = project_key(f"/home/somebody/work/{number // 12 % 200}")
        known = learn(known, Reached(at=number, agent=name))
        known = learn(known, Measured(at=number, agent=name, kind="bug", seconds=number, cost_micros=number))
        judged = Judged(
            at=number,
            agent=name,
            value=number % 7 / 7,
            source="verify",
            kind=f"kind{number % 13}",
            project=where,
            expected=0.6,
        )
        known = learn(known, judged)
    assert len(msgspec.json.encode(known)) <= 64 * 1024
    assert len(known.projects) <= MOST_PROJECTS
    assert all(len(one.projects) <= MOST_OF_ONE for one in known.agents.values())


def test_of_projects_the_newest_are_kept() -> None:
    known = Knowledge()
    for number in range(300):
        judged = Judged(at=number, agent="codex", value=1.0, source="verify", project=f"p{number}")
        known = learn(learn(known, Reached(at=number, agent="codex")), judged)
    kept = known.agents["codex"].projects
    assert "p299" in kept
    assert "p0" not in kept
