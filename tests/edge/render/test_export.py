"""Exports: what other programs read, and what must not act in them."""

from __future__ import annotations

import csv
import io
import json

import msgspec
import pytest
from cli_stage import RUN
from modelmuxd.edge.render import renderers
from modelmuxd.edge.render.plain import json_line, stable
from muxwire.export import ExportHead, ExportPage, ExportParams, ExportResult, Format
from muxwire.faults import Fault
from muxwire.history import HistoryEntry, HistoryResult, ProviderSums
from muxwire.protocol import View
from muxwire.runs import Cost, TokenUsage

ENTRY = HistoryEntry(
    ts=1_750_000_000.0,
    run_id=RUN,
    source="cli-dispatch",
    provider="codex",
    status="success",
    task="修 a, b",
    summary="done",
    output="all\nwell",
    session_id="s-1",
    duration_seconds=2.5,
    token_usage=TokenUsage(1200, 340, 1540),
    cost=Cost(0.0123, "table"),
)
STATS = HistoryResult(
    total=2, by_provider={"codex": ProviderSums(calls=2, success=1, error=1, avg_duration=2.5, success_rate=50.0)}
)


def exported(format: Format, *pages: tuple[HistoryEntry, ...], view: View | None = None) -> str:
    rendered = renderers.start("export", view or View(), ExportParams(format=format))
    said = [
        rendered.event(ExportHead(1_750_000_100.0, STATS)),
        *(rendered.event(ExportPage(_lines(page))) for page in pages),
    ]
    said.append(rendered.result(ExportResult(sum(map(len, pages)))))
    return b"".join(one.stdout for one in said if one is not None).decode()


def _lines(page: tuple[HistoryEntry, ...]) -> bytes:
    """As the store writes them."""
    return b"".join(json_line(stable(entry)) for entry in page)


def named(**changes: object) -> HistoryEntry:
    return msgspec.structs.replace(ENTRY, **changes)


def test_csv_has_0_29s_columns_first() -> None:
    assert exported("csv", (ENTRY,)).splitlines() == [
        "timestamp,provider,status,duration_seconds,task,source,input_tokens,output_tokens,model,run_id,cost_usd",
        f'2025-06-15T15:06:40+00:00,codex,success,2.5,"修 a, b",cli-dispatch,1200,340,,{RUN},0.012300',
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " ="])
def test_no_cell_of_a_csv_is_a_formula(start: str) -> None:
    hostile = named(task=f'{start}HYPERLINK("https://e.example")', model=f"{start}1", provider=f"{start}2")
    (_, row) = csv.reader(io.StringIO(exported("csv", (hostile,)), newline=""))
    assert [cell for cell in row if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_an_unknown_cost_is_empty_and_never_0() -> None:
    (row,) = csv.DictReader(io.StringIO(exported("csv", (named(cost=Cost(None)),))))
    assert row["cost_usd"] == ""


@pytest.mark.parametrize("pages", [(), ((ENTRY,),), ((ENTRY, ENTRY), (ENTRY,))])
def test_json_is_one_document_with_0_29s_keys(pages: tuple[tuple[HistoryEntry, ...], ...]) -> None:
    said = json.loads(exported("json", *pages))
    assert [one["output"] for one in said["entries"]] == ["all\nwell"] * sum(map(len, pages))
    assert (said["count"], said["exported_at"]) == (sum(map(len, pages)), "2025-06-15T15:08:20+00:00")
    assert said["statistics"]["total"] == 2


def test_json_lines_are_lines() -> None:
    lines = exported("jsonl", (named(task="a\u2028b"), ENTRY)).splitlines()
    assert [json.loads(line)["task"] for line in lines] == ["a\u2028b", "修 a, b"]


def test_json_is_what_json_asks_for() -> None:
    assert json.loads(exported("csv", (ENTRY,), view=View(json=True)))["entries"]


def test_markdown_cannot_be_broken_out_of() -> None:
    text = exported("md", (named(task="a | b\n# head <img src=x onerror=y> `c` [l](javascript:1)"),))
    row = text.splitlines()[-1]
    assert row.count(" | ") == 5
    assert "<img" not in text
    assert "[l](" not in text
    assert "| codex | 2 | 1 | 1 | 2.5 s |" in text


def test_a_terminal_is_not_acted_on() -> None:
    assert "\x1b" not in exported("csv", (named(task="\x1b]0;x\x07"),), view=View(tty=True))


def test_a_fault_is_told_apart_from_rows() -> None:
    said = renderers.start("export", View(), ExportParams()).fault(Fault("usage", "no such time"))
    assert (said.stdout, b"no such time" in said.stderr) == (b"", True)
