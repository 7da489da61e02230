"""Costs and budgets as a person sees them, and as a program does."""

from __future__ import annotations

import json
from typing import Any

from modelmuxd.edge.render import renderers
from muxwire.budget import BudgetLine, BudgetReport
from muxwire.costs import CostLine, CostsResult
from muxwire.protocol import View


def text(method: str, result: object, view: View | None = None) -> str:
    return renderers.start(method, view or View(), None).result(result).stdout.decode()


def a_line(name: str, **more: Any) -> CostLine:
    base = {"attempts": 1, "tokens": 1000, "cost_usd": 0.0, "plan_usd": 0.0, "unpriced": 0}
    return CostLine(name=name, **{**base, **more})


def test_a_bar_for_each_and_what_they_come_to_together() -> None:
    lines = (a_line("codex", cost_usd=2.0, attempts=3), a_line("claude", cost_usd=1.0, plan_usd=0.5), a_line("gemini"))
    total = a_line("total", cost_usd=3.0, plan_usd=0.5, attempts=5, tokens=3000)
    shown = text("costs", CostsResult(by="provider", lines=lines, total=total))
    assert [line.split() for line in shown.splitlines()] == [
        ["codex", "3", "attempts", "1000", "tokens", "$2.00", "█" * 20],
        ["claude", "1", "attempt", "1000", "tokens", "$1.00", "[$0.50]", "█" * 10],
        ["gemini", "1", "attempt", "1000", "tokens", "$0"],
        ["total", "5", "attempts", "3000", "tokens", "$3.00", "[$0.50]"],
    ]


def test_plans_alone_have_bars_of_their_own_and_unknown_is_not_nothing() -> None:
    lines = (a_line("a", plan_usd=2.0), a_line("b", plan_usd=1.0, unpriced=1), a_line("c", unpriced=1))
    rows = text("costs", CostsResult(lines=lines, total=a_line("total"))).splitlines()
    assert rows[0].endswith("█" * 20)
    assert "[$1.00] and 1 at unknown cost" in rows[1]
    assert "tokens  1 at unknown cost" in rows[2]


def test_nothing_and_anew() -> None:
    assert text("costs", CostsResult(days=7)) == "Nothing has ended in the last 7 days.\n"
    assert text("costs", CostsResult(repriced=2)) == "2 attempts priced anew; the old figures are kept.\n"
    assert json.loads(text("costs", CostsResult(repriced=2), View(json=True)))["repriced"] == 2


def test_a_budget_tells_what_is_left() -> None:
    line = BudgetLine(
        name="of codex for this day", limit_usd=5.0, spent_usd=4.0, held_usd=0.5, left_usd=0.5, resets_at=1.8e9
    )
    shown = text("budget", BudgetReport(lines=(line,)))
    assert "of codex for this day  $4.00 of $5.00, $0.50 held back  $0.50 left  until" in shown
    assert "refused" in shown
    assert "No budget is set" in text("budget", BudgetReport())
