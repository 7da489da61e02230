"""The hot reader against click: whatever the one reads, the other reads the same."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from muxclients.cli.derive import command
from muxclients.hot import argv
from muxclients.hot.tables import VERBS

VALUES = [
    "0",
    "1",
    "3",
    "2.5",
    "-1",
    "007",
    "1e3",
    "1_0",
    " 4",
    "٣",
    "auto",
    "write",
    "high",
    "a b",
    "",
    "-",
    "--",
    "ümlaut",
    "9" * 25,
    ".",
]


def vocabulary(verb: str) -> list[str]:
    flags = [flag for option in VERBS[verb][2] for flag in option[1]]
    inline = [f"{flag}={value}" for flag in flags for value in ("3", "write", "", "x=y")]
    return [*flags, *inline, *VALUES, "--json", "--help", "-h", "--nope", "-pcodex", "--lim"]


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, list[str]]:
    verb = draw(st.sampled_from(sorted(VERBS)))
    return verb, draw(st.lists(st.sampled_from(vocabulary(verb)), max_size=6))


def by_click(verb: str, words: list[str]) -> tuple[dict[str, Any], bool]:
    seen: list[tuple[dict[str, Any], bool]] = []

    def run(fields: dict[str, Any], json: bool) -> int:
        seen.append((fields, json))
        return 0

    command(verb, run).main(words, standalone_mode=False)
    return seen[0]


@settings(max_examples=500)
@given(lines())
def test_what_the_hot_reader_reads_click_reads_the_same(line: tuple[str, list[str]]) -> None:
    verb, words = line
    if verb == "dispatch" and not [word for word in words if word not in ("-", "--")]:
        return  # that would read the test's own stdin
    read = argv.read(VERBS[verb], words)
    if read is not None:
        assert by_click(verb, words) == read


@pytest.mark.parametrize(
    ("verb", "words", "fields"),
    [
        ("status", [], {}),
        ("status", ["-n", "0"], {"limit": 0}),
        ("wait", ["a1", "--wait", "2.5", "b2"], {"run_ids": ["a1", "b2"], "wait_s": 2.5}),
        ("cancel", ["--all"], {"all": True}),
        ("dispatch", ["--no-failover", "a  b", "-p=x"], None),
        ("dispatch", ["--no-failover", "a  b", "c"], {"failover": False, "task": "a  b c"}),
        ("dispatch", ["--", "--json"], {"task": "--json"}),
        ("dispatch", ["--budget", "0.5", "x"], {"task": "x", "max_cost": 0.5}),
        ("dispatch", ["--budget", "-1", "x"], None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_plain_lines_are_read(verb: str, words: list[str], fields: dict[str, Any] | None) -> None:
    assert argv.read(VERBS[verb], words) == (None if fields is None else (fields, False))


def test_what_is_no_text_is_an_error_in_both() -> None:
    with pytest.raises(UnicodeDecodeError):
        argv.read(VERBS["show"], ["\udcff"])
    with pytest.raises(UnicodeDecodeError):
        by_click("show", ["\udcff"])


def test_click_refuses_what_it_does_not_know() -> None:
    with pytest.raises(click.UsageError):
        by_click("status", ["--nope"])
