"""`muxctl costs` and `muxctl budget show`: money as tables with bars."""

from __future__ import annotations

from muxwire.budget import BudgetLine, BudgetReport
from muxwire.costs import CostLine, CostsResult
from muxwire.protocol import View
from muxwire.runs import Cost

from modelmuxd.edge.render import human
from modelmuxd.edge.render.layout import paint, table

BAR = 20
"""Columns of a full bar."""
_DROP = (2, 1)


def costs_text(result: CostsResult, view: View) -> str:
    """A line for each, with a bar to the dearest one; by money where any was spent, else by what plans paid for."""
    if result.repriced is not None:
        attempts = "1 attempt" if result.repriced == 1 else f"{result.repriced} attempts"
        return f"{attempts} priced anew; the old figures are kept.\n"
    if not result.lines or result.total is None:
        return f"Nothing has ended in the last {result.days} days.\n"
    money = any(line.cost_usd for line in result.lines)
    most = max(_weight(line, money=money) for line in result.lines)
    rows = [(*_row(line), bar(_weight(line, money=money), most)) for line in result.lines]
    styles = [("bold", "dim", "dim", "", "cyan")] * len(rows)
    return table([*rows, (*_row(result.total), "")], view, styles=[*styles, ("", "dim", "dim", "bold", "")], drop=_DROP)


def budget_text(report: BudgetReport, view: View) -> str:
    if not report.lines:
        return "No budget is set: say one under [budgets] in profiles.toml.\n"
    rows = [_budget(line) for line in report.lines]
    styles = [("bold", "", "", "dim", _colour(line, report.warn)) for line in report.lines]
    word = {"refuse": "refused", "cheapest": "given to whoever is cheapest and still fits"}[report.then]
    end = paint(f"What would exceed one is {word}.", "dim", view)
    return f"{table(rows, view, styles=styles, drop=(3,))}{end}\n"


def left_text(report: BudgetReport | None) -> str:
    """For `status`: what is left of each budget; empty without any."""
    if report is None or not report.lines:
        return ""
    said = [f"{human.dollars(one.left_usd)} {one.name}" for one in report.lines]
    return "left: " + " · ".join(said)


def warning_text(report: BudgetReport | None, view: View) -> str:
    """A line for each budget that is nearly or wholly used up."""
    near = [one for one in report.lines if one.share >= report.warn] if report else []
    return "".join(f"{paint('budget:', 'yellow', view)} {_gone(one)} {one.name}\n" for one in near)


def bar(value: float, most: float) -> str:
    """
    >>> bar(1, 2), bar(0.001, 2), bar(0, 2), bar(0, 0)
    ('██████████', '▏', '', '')
    """
    if value <= 0 or most <= 0:
        return ""
    return "█" * round(BAR * value / most) or "▏"


def _weight(line: CostLine, *, money: bool) -> float:
    return line.cost_usd if money else line.plan_usd


def _row(line: CostLine) -> tuple[str, ...]:
    attempts = "1 attempt" if line.attempts == 1 else f"{line.attempts} attempts"
    spent = human.money(Cost(usd=line.cost_usd, plan_usd=line.plan_usd))
    if line.unpriced:
        known = f"{spent} and " if line.cost_usd or line.plan_usd else ""
        spent = f"{known}{line.unpriced} at unknown cost"
    return line.name, attempts, f"{human.count(line.tokens)} tokens", spent


def _budget(line: BudgetLine) -> tuple[str, ...]:
    held = f", {human.dollars(line.held_usd)} held back" if line.held_usd else ""
    until = f"until {human.moment(line.resets_at)}"
    return line.name, _gone(line) + held, f"{human.dollars(line.left_usd)} left", until, bar(min(1.0, line.share), 1.0)


def _gone(line: BudgetLine) -> str:
    return f"{human.dollars(line.spent_usd)} of {human.dollars(line.limit_usd)}"


def _colour(line: BudgetLine, warn: float) -> str:
    return "red" if line.share >= 1 else "yellow" if line.share >= warn else "green"
