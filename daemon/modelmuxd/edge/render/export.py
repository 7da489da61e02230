"""`muxctl export`: runs as CSV, JSON, JSON lines or Markdown, as they come."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any

import msgspec
from muxwire.export import ExportHead, ExportPage, ExportParams, ExportResult, Format
from muxwire.faults import Fault
from muxwire.history import HistoryEntry, HistoryResult
from muxwire.protocol import View

from modelmuxd.edge.render import clean, human, markdown
from modelmuxd.edge.render.base import Printed
from modelmuxd.edge.render.plain import escaped, json_line, refused

COLUMNS = (
    *("timestamp", "provider", "status", "duration_seconds", "task", "source", "input_tokens", "output_tokens"),
    *("model", "run_id", "cost_usd"),
)
"""0.29's, in its order, and ours after them."""
_ENTRIES = msgspec.json.Decoder(HistoryEntry)
TASK = 200
"""Characters of the task in a row."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With which a cell begins that a spreadsheet would take for a formula (OWASP, CSV injection)."""


class _Format:
    def end(self, count: int) -> bytes:
        return b""


class Csv(_Format):
    def head(self, head: ExportHead) -> bytes:
        return _csv([COLUMNS])

    def page(self, lines: bytes) -> bytes:
        return _csv(map(_row, _ENTRIES.decode_lines(lines)))


class JsonLines(_Format):
    def head(self, head: ExportHead) -> bytes:
        return b""

    def page(self, lines: bytes) -> bytes:
        return escaped(lines)


class Json(_Format):
    """One document, written piece by piece."""

    def __init__(self) -> None:
        self._first = True

    def head(self, head: ExportHead) -> bytes:
        statistics = json_line(head.statistics).decode().rstrip()
        return f'{{"exported_at": "{_moment(head.at)}", "statistics": {statistics}, "entries": ['.encode()

    def page(self, lines: bytes) -> bytes:
        before, self._first = b"\n" if self._first else b",\n", False
        return before + escaped(lines).rstrip(b"\n").replace(b"\n", b",\n")  # inside a line they are escaped

    def end(self, count: int) -> bytes:
        return f'\n], "count": {count}}}\n'.encode()


class Markdown(_Format):
    def head(self, head: ExportHead) -> bytes:
        rows = markdown.table(("when", "provider", "status", "took", "cost", "task"), ())
        return _bytes(f"# Runs\n\nExported {_moment(head.at)}\n\n{_summary(head.statistics)}\n## Runs\n\n{rows}")

    def page(self, lines: bytes) -> bytes:
        return _bytes("".join(map(_told, _ENTRIES.decode_lines(lines))))


_FORMATS: dict[Format, Callable[[], Csv | JsonLines | Json | Markdown]] = {
    "csv": Csv,
    "json": Json,
    "jsonl": JsonLines,
    "md": Markdown,
}


class Export:
    def __init__(self, view: View, params: ExportParams | None) -> None:
        self._view = view
        self._format = _FORMATS["json" if view.json or params is None else params.format]()

    def event(self, value: Any) -> Printed | None:
        if isinstance(value, ExportHead):
            return self._said(self._format.head(value))
        assert isinstance(value, ExportPage)
        return self._said(self._format.page(value.lines))

    def result(self, value: ExportResult) -> Printed:
        return self._said(self._format.end(value.count))

    def fault(self, fault: Fault) -> Printed:
        return refused(fault, self._view)

    def _said(self, said: bytes) -> Printed:
        return Printed(stdout=clean.text(said.decode()).encode() if self._view.tty else said)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _row(one: HistoryEntry) -> tuple[str, ...]:
    usage = one.token_usage
    return (
        _moment(one.ts),
        _cell(one.provider),
        one.status,
        str(one.duration_seconds),
        _cell(one.task[:TASK]),
        _cell(one.source),
        str(usage.input_tokens) if usage else "",
        str(usage.output_tokens) if usage else "",
        _cell(one.model),
        one.run_id,
        "" if one.cost is None or one.cost.usd is None else f"{one.cost.usd:.6f}",
    )


def _told(one: HistoryEntry) -> str:
    """A row of Markdown."""
    cost = human.dollars(one.cost.usd if one.cost else None)
    took = human.seconds(one.duration_seconds)
    return markdown.row((_moment(one.ts), one.provider, one.status, took, cost, one.task[:TASK]))


def _cell(text: str) -> str:
    """Text that no spreadsheet calculates.

    >>> _cell("=1+1"), _cell("fix x=1")
    ("'=1+1", 'fix x=1')
    """
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return _bytes(out.getvalue())


def _summary(stats: HistoryResult) -> str:
    costs = stats.costs
    lines = [f"- {stats.total or 0} calls\n"]
    if costs is not None:
        lines.append(f"- {costs.total_input_tokens} input tokens, {costs.total_output_tokens} output tokens\n")
        lines.append(f"- {human.dollars(costs.total_cost_usd)} as far as it is known\n")
    rows = [
        (name, str(one.calls), str(one.success), str(one.error), human.seconds(one.avg_duration))
        for name, one in (stats.by_provider or {}).items()
    ]
    head = ("provider", "calls", "success", "error", "took, on average")
    return "".join(lines) + f"\n## Providers\n\n{markdown.table(head, rows)}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="seconds")
