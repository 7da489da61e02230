"""The scanner finds every key that tomllib finds, and never more than the text has."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from muxwire.faults import Fault
from muxwire.settings import Path as KeyPath
from muxwire.settings import document
from muxwire.settings.document import Document
from muxwire.settings.lines import TooDeep, key_lines
from muxwire.settings.load import check, combine

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEXT = (Path(__file__).parent / "data" / "every_form.toml").read_text()


def test_lines_of_everything() -> None:
    lines = key_lines(TEXT)
    assert lines[("top",)] == 2
    assert lines[("quoted é",)] == 3
    assert lines[("dotted", "key", "a", 1, "b")] == 4
    assert lines[("dotted", "key", "c.d")] == 4
    assert lines[("one", "two")] == 6
    assert lines[("one", "two", "many", 1)] == 9
    assert lines[("one", "two", "many", 2, "deep")] == 10
    assert lines[("one", "two", "when")] == 14
    assert lines[("one", "two", "raw")] == 15
    assert lines[("list", 0, "a")] == 18
    assert lines[("list", 1, "sub", "b")] == 21
    assert lines[("list", 1, "inner", 1, "c")] == 24
    assert not [path for path in lines if "fake" in path or "still" in path]


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    """Every key of a tree, and every item of its lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return set().union({path} if path else (), *(paths(item, (*path, key)) for key, item in items))


KEYS = st.sampled_from(["a", "b", "c-1", '"q.é"', "'l l'", '"\\t"', "a . b", "a.c.a"])
LEAVES = st.sampled_from(
    ["1", "true", "-1.5e3", "1979-05-27 07:32:00", '"s # ] } = "', "'l\\'", '"""m\n""x""\n"""', "'''\n[t]\n'''", '""']
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[ " + ",\n # c ]\n".join(items) + "\n]"),
        st.lists(st.tuples(KEYS, inner), max_size=3).map(
            lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"
        ),
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]} # end"),
    KEYS.map(lambda key: f"[{key}]"),
    KEYS.map(lambda key: f"[[ {key} ]]  "),
    st.just("  # only words"),
)


@given(st.lists(STATEMENTS, max_size=8).map("\n".join))
@example(TEXT)
def test_the_scanner_finds_what_tomllib_finds(text: str) -> None:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        key_lines(text)
        return
    lines = key_lines(text)
    assert paths(tree) <= set(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@pytest.mark.parametrize("text", [".".join("a" * 17) + "=1", "a=" + "[" * 18, "a=" + "{a=" * 18])
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(TooDeep):
        key_lines(text)


@given(st.one_of(st.binary(), st.text(alphabet="a.[]{}=\"'\n #\\1,").map(str.encode), st.text().map(str.encode)))
@example(b"\x00")
@example(b"[")
@example(b'"\\U99999999" = 1')
def test_any_bytes_give_settings_or_a_fault_with_a_sentence(raw: bytes) -> None:
    parsed = document.parse(raw, "user", "F")
    loaded = combine([check(parsed)]) if isinstance(parsed, Document) else None
    faults = (parsed,) if isinstance(parsed, Fault) else loaded.faults if loaded else ()
    for fault in faults:
        assert fault.code == "config"
        assert fault.message.startswith("F")
        assert fault.message.endswith(".") or "?" in fault.message
        assert fault.hint


KNOWN = ["active_profile", "routing", "rules", "match", "keywords", "profiles", "providers", "limits", "output", "x"]
TREES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.dates(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.sampled_from(KNOWN), st.text(max_size=2)), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KNOWN), TREES))
def test_any_tree_gives_settings(tree: dict[str, Any]) -> None:
    for kind in ("user", "project"):
        combine([check(Document(tree, {}, kind, "F"))])
