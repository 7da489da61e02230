"""`muxctl history`: what has ended as a table, or what it comes to, with bars over time."""

from __future__ import annotations

import datetime
import time

from muxwire.history import Costs, HistoryEntry, HistoryResult, ProviderSums, TrendLine
from muxwire.protocol import View
from muxwire.runs import Cost

from modelmuxd.edge.render import human
from modelmuxd.edge.render.layout import paint, state_colour, table

_DROP = (4, 3, 2)
"""On a narrow terminal the cost goes first, then the time, then the provider."""
_BAR = 24
NOTHING = "Nothing like that has ended.\n"


def history_text(result: HistoryResult, view: View) -> str:
    if result.trend is not None:
        return _trend(result.trend, view) or NOTHING
    if result.by_provider is not None:
        return _stats(result.by_provider, result.costs, view) or NOTHING
    text = _list(result.entries or (), view) or NOTHING
    if result.costs is not None:
        text += "\n" + _costs(result.costs, view)
    if result.unsearched:
        text += paint(f"{human.count(result.unsearched)} runs are not searched yet: ask again.", "dim", view) + "\n"
    if result.next:
        text += paint(f"More: --before {human.short(result.next)}", "dim", view) + "\n"
    return text


def _list(entries: tuple[HistoryEntry, ...], view: View) -> str:
    now = time.time()
    rows = [
        (
            human.short(one.run_id),
            one.status,
            f"{one.provider}/{one.model}" if one.model else one.provider or human.UNKNOWN,
            human.ago(one.ts, now),
            human.money(one.cost),
            _about(one),
        )
        for one in entries
    ]
    styles = [("bold", state_colour(one.status), "", "dim", "", "") for one in entries]
    return table(rows, view, styles=styles, drop=_DROP)


def _about(one: HistoryEntry) -> str:
    """What it was, where it was no plain dispatch, and what was asked."""
    what = one.source.removeprefix("cli-")
    kind = one.step or (what if what != "dispatch" else "")
    return f"[{kind}] {one.task}" if kind else one.task


def _stats(by_provider: dict[str, ProviderSums], costs: Costs | None, view: View) -> str:
    if not by_provider:
        return ""
    head = ("provider", "runs", "success", "average", *(("tokens", "cost") if costs else ()))
    rows: list[tuple[str, ...]] = [head]
    for name, sums in by_provider.items():
        row = (name, human.count(sums.calls), f"{sums.success_rate:.0f} %", human.seconds(sums.avg_duration))
        rows.append((*row, *(_paid(name, costs) if costs else ())))
    text = table(rows, view, styles=[("dim",) * len(head), *[("bold", *("",) * (len(head) - 1))] * (len(rows) - 1)])
    return text + ("\n" + _total(costs) if costs else "")


def _costs(costs: Costs, view: View) -> str:
    rows = [(name, *_paid(name, costs)) for name in costs.by_provider]
    return table(rows, view) + _total(costs)


def _paid(name: str, costs: Costs) -> tuple[str, str]:
    paid = costs.by_provider.get(name)
    if paid is None:
        return human.UNKNOWN, human.UNKNOWN
    tokens = paid.input_tokens + paid.output_tokens
    return human.count(tokens), _money(paid.total_cost, paid.plan_usd, paid.unpriced)


def _total(costs: Costs) -> str:
    tokens = human.count(costs.total_input_tokens + costs.total_output_tokens)
    more = f" · {costs.unpriced} at unknown cost" if costs.unpriced else ""
    return f"in all: {tokens} tokens · {_money(costs.total_cost_usd, costs.plan_usd, costs.unpriced)}{more}\n"


def _money(usd: float, plan_usd: float, unpriced: int) -> str:
    """Nothing known beside what is unknown is not 0."""
    if unpriced and not usd and not plan_usd:
        return human.UNKNOWN
    return human.money(Cost(usd=usd, plan_usd=plan_usd))


def _trend(lines: tuple[TrendLine, ...], view: View) -> str:
    most = max((one.calls for one in lines), default=0)
    daily = all(_local(one.at).strftime("%H:%M") == "00:00" for one in lines)
    rows = [
        (
            _local(one.at).strftime("%a %d %b" if daily else "%a %d %b %H:%M"),
            human.count(one.calls),
            f"{100 * one.success / one.calls:.0f} %" if one.calls else human.UNKNOWN,
            human.count(one.tokens),
            _money(one.cost_usd, one.plan_usd, one.unpriced),
            "█" * max(1, round(_BAR * one.calls / most)) if one.calls else "",
        )
        for one in lines
    ]
    return table(rows, view)


def _local(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at)
