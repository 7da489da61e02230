"""A benchmark as a person sees it, and as a program does."""

from __future__ import annotations

import json

from cli_stage import RUN
from modelmuxd.edge.render import renderers
from muxwire.benchmark import (
    BenchmarkLine,
    BenchmarkNeed,
    BenchmarkResult,
    BenchmarkTask,
    CellEnded,
    Unreached,
)
from muxwire.protocol import View
from muxwire.runs import Cost

WIDE = View(width=200)
RESULT = BenchmarkResult(
    lines=(
        BenchmarkLine(provider="codex", passed=8, runs=9, low=0.565, high=0.98, seconds=14.2, cost=Cost(0.12)),
        BenchmarkLine(provider="codex", kind="bug", passed=0, runs=3, low=0.0, high=0.562),
    ),
    needs=(BenchmarkNeed(provider="claude", runs=3, cost=Cost(None), at_most_s=1080),),
    unreached=(Unreached(run_id=RUN, provider="claude", task="bug-pages", why="No\x1b[2J quota."),),
)


def text(result: BenchmarkResult, view: View = WIDE) -> str:
    return renderers.start("benchmark", view, None).result(result).stdout.decode()


def test_a_share_comes_with_its_interval() -> None:
    said = text(RESULT)
    assert "8 of 9" in said
    assert "89%" in said
    assert "95 %: 56% to 98%" in said
    assert "0 of 3" in said


def test_what_is_left_says_that_its_cost_is_unknown() -> None:
    line = next(line for line in text(RESULT).splitlines() if line.startswith("claude  3 runs"))
    assert "18 m 0 s" in line
    assert "cost unknown" in line


def test_an_agents_words_cannot_act_on_the_terminal() -> None:
    assert "\x1b" not in text(RESULT)
    cell = CellEnded(
        run_id=RUN, provider="a\x1b[2J", task="t", repeat=1, verdict="failed", seconds=1.0, done=1, total=2, text="\x07"
    )
    printed = renderers.start("benchmark", View(tty=True), None).event(cell)
    assert printed is not None
    assert b"\x1b[2J" not in printed.stderr
    assert printed.stderr.startswith("✗ 1/2".encode())
    assert renderers.start("benchmark", View(json=True), None).event(cell) is None


def test_the_tasks_are_listed() -> None:
    said = text(BenchmarkResult(tasks=(BenchmarkTask("bug-pages", "bug", "A page is lost", 300),)))
    assert said == "bug-pages  bug  A page is lost\n"


def test_a_program_gets_all_of_it() -> None:
    said = json.loads(text(RESULT, View(json=True)))
    assert (said["lines"][0]["low"], said["needs"][0]["cost"]["usd"], said["tasks"]) == (0.565, None, [])
