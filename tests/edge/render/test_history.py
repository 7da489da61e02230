"""What has ended, as a person and as a program see it."""

from __future__ import annotations

import json
import time

from cli_stage import RUN
from modelmuxd.edge.render import renderers
from muxwire.history import Costs, HistoryEntry, HistoryResult, ProviderCosts, ProviderSums, TrendLine
from muxwire.protocol import View
from muxwire.runs import Cost

ENTRY = HistoryEntry(
    ts=1000.0,
    run_id=RUN,
    source="cli-dispatch",
    provider="codex",
    status="success",
    task="fix\nthe \x1b[31mtest",
    summary="done",
    output="done",
    session_id="",
    duration_seconds=2.0,
    cost=Cost(usd=0.5),
)
COSTS = Costs(
    entries_with_usage=2,
    total_input_tokens=1000,
    total_output_tokens=24,
    total_cost_usd=0.5,
    plan_usd=0.25,
    unpriced=1,
    by_provider={
        "codex": ProviderCosts(calls=2, input_tokens=1000, output_tokens=24, total_cost=0.5, plan_usd=0.25),
        "odd": ProviderCosts(calls=1, input_tokens=0, output_tokens=0, total_cost=0.0, unpriced=1),
    },
)
SUMS = {
    "codex": ProviderSums(calls=2, success=1, error=1, avg_duration=4.0, success_rate=50.0),
    "odd": ProviderSums(calls=1, success=1, error=0, avg_duration=1.0, success_rate=100.0),
}


def text(result: HistoryResult, view: View | None = None) -> str:
    return renderers.start("history", view or View(), None).result(result).stdout.decode()


def test_a_list_has_a_line_for_each_run_and_says_how_to_go_on() -> None:
    said = text(HistoryResult(count=1, entries=(_with(ts=time.time()),), next=RUN))
    assert said.splitlines() == [
        "01kak3zv5x8yq2m4  success  codex  now  $0.50  fix the ␛[31mtest",
        "More: --before 01kak3zv5x8yq2m4",
    ]


def test_what_is_a_turn_or_made_of_turns_says_so() -> None:
    assert "[broadcast] fix" in text(HistoryResult(entries=(_with(source="cli-broadcast"),)))
    assert "[reviewer] fix" in text(HistoryResult(entries=(_with(step="reviewer"),)))


def test_sums_tell_unknown_costs_apart_from_none() -> None:
    said = text(HistoryResult(total=3, by_provider=SUMS, by_source={"cli": 3}, costs=COSTS)).splitlines()
    assert said[1].split() == ["codex", "2", "50", "%", "4.0", "s", "1024", "$0.50", "[$0.25]"]
    assert said[2].split()[-2:] == ["0", "—"]
    assert said[-1] == "in all: 1024 tokens · $0.50 [$0.25] · 1 at unknown cost"


def test_a_trend_has_bars() -> None:
    lines = tuple(
        TrendLine(at=at, calls=calls, success=calls, tokens=0, cost_usd=0.0, plan_usd=0.0)
        for at, calls in ((3600.0, 12), (7200.0, 1))
    )
    said = text(HistoryResult(trend=lines)).splitlines()
    assert [line.count("█") for line in said] == [24, 2]


def test_a_day_of_unknown_cost_did_not_cost_nothing() -> None:
    line = TrendLine(at=3600.0, calls=1, success=1, tokens=0, cost_usd=0.0, plan_usd=0.0, unpriced=1)
    said = text(HistoryResult(trend=(line,)))
    assert "—" in said
    assert "$0" not in said


def test_nothing_says_so_and_is_0_29s_empty_list_for_a_program() -> None:
    empty = HistoryResult(count=0, entries=())
    assert text(empty) == "Nothing like that has ended.\n"
    said = json.loads(text(empty, View(json=True)))
    assert (said["count"], said["entries"]) == (0, [])


def test_a_program_gets_0_29s_words() -> None:
    said = json.loads(
        text(HistoryResult(total=3, by_provider=SUMS, by_source={"cli": 3}, costs=COSTS), View(json=True))
    )
    assert {"calls", "success", "error", "avg_duration", "success_rate"} <= set(said["by_provider"]["codex"])
    old = {"entries_with_usage", "total_input_tokens", "total_output_tokens", "total_cost_usd", "by_provider"}
    assert old <= set(said["costs"])
    assert {"calls", "input_tokens", "output_tokens", "total_cost"} <= set(said["costs"]["by_provider"]["codex"])
    assert said["total"] == 3


def _with(**fields: object) -> HistoryEntry:
    return HistoryEntry(**{**{name: getattr(ENTRY, name) for name in ENTRY.__struct_fields__}, **fields})
