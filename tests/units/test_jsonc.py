"""Edits of other programs' files: one member or table changes, and nothing else does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muxclients.setup import jsonc, toml_table

PATH = ("mcpServers", "modelmux")
ENTRY = {"command": "/bin/modelmux", "args": [], "timeout": 600_000}
COMMENTED = """\
// mine
{
    "theme": "dark", // at night
    /* servers, with a "brace" { in it */
    "mcpServers": {
        "other": {"command": "x", "args": ["// no comment", "a,}"]}, // theirs
    },
}
"""
values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
files = st.dictionaries(st.text() | st.just("other"), values, max_size=4)


@given(rest=files, servers=st.none() | files, indent=st.sampled_from([None, 2, 4, "\t"]))
def test_what_is_put_is_there_and_what_is_dropped_is_gone(rest: Any, servers: Any, indent: Any) -> None:
    before = {name: value for name, value in rest.items() if name != PATH[0]}
    if servers is not None:
        before[PATH[0]] = servers
    text = json.dumps(before, indent=indent, ensure_ascii=False)
    put = jsonc.put(text, PATH, ENTRY)
    assert jsonc.parse(put) == {**before, PATH[0]: {**(servers or {}), PATH[1]: ENTRY}}
    assert jsonc.put(put, PATH, ENTRY) == put
    dropped = {name: value for name, value in (servers or {}).items() if name != PATH[1]}
    assert jsonc.parse(jsonc.drop(put, PATH)) == {**before, PATH[0]: dropped}


def test_comments_and_commas_stay() -> None:
    put = jsonc.put(COMMENTED, PATH, ENTRY)
    for kept in (
        "// mine",
        "// at night",
        '/* servers, with a "brace" { in it */',
        "// theirs",
        '["// no comment", "a,}"]',
    ):
        assert kept in put
    assert jsonc.parse(put)["mcpServers"]["modelmux"] == ENTRY
    assert jsonc.drop(put, PATH) == COMMENTED


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_file_is_an_empty_object(text: str) -> None:
    assert jsonc.parse(jsonc.put(text, PATH, ENTRY)) == {PATH[0]: {PATH[1]: ENTRY}}
    assert jsonc.drop(text, PATH) == text


@pytest.mark.parametrize("text", ["[]", '{"mcpServers": []}', "{", '"x"', '{"a": 1} {"b": 2}'])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        jsonc.parse(jsonc.put(text, PATH, ENTRY))


CODEX = """\
model = "gpt-5" # mine

[mcp_servers.other]
command = "x"
args = ["[mcp_servers.modelmux]"]

[tui]
theme = "dark"
"""


def test_a_table_comes_and_goes_and_nothing_else_changes() -> None:
    path, table = ("mcp_servers", "modelmux"), {"command": "m", "args": [], "env": {"A": "b"}, "tool_timeout_sec": 300}
    put = toml_table.put(CODEX, path, table)
    assert put.startswith(CODEX)
    assert toml_table.parse(put)["mcp_servers"]["modelmux"] == table
    other = toml_table.put(
        put.replace("[mcp_servers.modelmux]\ncommand", '[mcp_servers."modelmux"]\ncommand'), path, table
    )
    assert other == put
    below = put + "\n[mcp_servers.modelmux.tools]\nx = 1\n\n[last]\ny = 2\n"
    assert toml_table.parse(toml_table.drop(below, path)) == {**toml_table.parse(CODEX), "last": {"y": 2}}
    assert toml_table.drop(put, path).rstrip() == CODEX.rstrip()
    assert toml_table.drop(CODEX, path) == CODEX
