"""What is derived from the method table, frozen."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from muxclients.hot import tables
from muxwire.methods import METHODS
from muxwire.version import VERSION

ROOT = Path(__file__).parent.parent.parent


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("verb_tables", ROOT / "tools/verb_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_what_the_method_table_gives() -> None:
    """After a change of the methods run `python tools/verb_tables.py`."""
    written: dict[str, Any] = {}
    exec(generator().text(), written)
    names = ("VERSION", "HELLO", "VERBS", "OTHERS")
    assert {name: getattr(tables, name) for name in names} == {name: written[name] for name in names}


def test_every_method_is_in_one_table() -> None:
    assert sorted([*tables.VERBS, *tables.OTHERS]) == sorted(METHODS)


def test_the_version_is_the_packages() -> None:
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text()
