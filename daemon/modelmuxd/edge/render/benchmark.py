"""`muxctl benchmark`: a line for each cell as it ends, then what they came to, with how sure that is."""

from __future__ import annotations

from muxwire.benchmark import BenchmarkLine, BenchmarkNeed, BenchmarkResult, CellEnded
from muxwire.faults import Fault
from muxwire.protocol import View

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.base import Printed
from modelmuxd.edge.render.layout import paint, table
from modelmuxd.edge.render.plain import json_line, refused, stable

_MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "unreached": ("–", "yellow")}
_DROP = (6, 5)


class Benchmark:
    def __init__(self, view: View) -> None:
        self._view = view

    def event(self, value: CellEnded) -> Printed | None:
        if self._view.json or not self._view.tty:
            return None
        mark, colour = _MARKS[value.verdict]
        words = f"{value.done}/{value.total}  {value.provider}  {value.task} #{value.repeat}"
        about = f"  {human.seconds(value.seconds)}  {human.short(value.run_id)}  {value.text}"
        line = f"{paint(mark, colour, self._view)} {clean.line(words)}{paint(clean.line(about), 'dim', self._view)}\n"
        return Printed(stderr=line.encode())

    def result(self, value: BenchmarkResult) -> Printed:
        return Printed(stdout=json_line(stable(value)) if self._view.json else text(value, self._view).encode())

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)


def text(result: BenchmarkResult, view: View) -> str:
    if result.tasks:
        rows: list[tuple[str, ...]] = [(one.name, one.kind, one.title) for one in result.tasks]
        return table(rows, view, styles=[("bold", "", "")] * len(rows))
    parts = [_lines(result, view), _needs(result, view), _unreached(result, view)]
    return "\n".join(part for part in parts if part) or "Nothing was measured.\n"


def _lines(result: BenchmarkResult, view: View) -> str:
    rows = [_line(one) for one in result.lines]
    styles = [("" if one.kind else "bold", "", "", "", "dim", "dim", "dim") for one in result.lines]
    return table(rows, view, styles=styles, drop=_DROP)


def _line(one: BenchmarkLine) -> tuple[str, ...]:
    return (
        one.provider,
        one.kind or "all",
        f"{one.passed} of {one.runs}",
        f"{one.passed / one.runs:.0%}",
        f"95 %: {one.low:.0%} to {one.high:.0%}",
        human.seconds(one.seconds),
        human.dollars(one.cost.usd),
    )


def _needs(result: BenchmarkResult, view: View) -> str:
    if not result.needs:
        return ""
    rows = [_need(one) for one in result.needs]
    return "still to be run\n" + table(rows, view, styles=[("bold", "", "", "dim")] * len(rows))


def _need(one: BenchmarkNeed) -> tuple[str, ...]:
    known = f"about {human.dollars(one.cost.usd)}, as its runs have cost so far"
    runs = "1 run" if one.runs == 1 else f"{one.runs} runs"
    at_most = f"at most {human.seconds(float(one.at_most_s))}, one after the other"
    return one.provider, runs, at_most, "cost unknown" if one.cost.usd is None else known


def _unreached(result: BenchmarkResult, view: View) -> str:
    if not result.unreached:
        return ""
    rows = [(one.provider, one.task, human.short(one.run_id), one.why) for one in result.unreached]
    hint = "Run the same again: what was measured is kept.\n"
    return "not reached, and not counted\n" + table(rows, view) + paint(hint, "dim", view)
