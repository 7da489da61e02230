"""Settings as they may be shown: every value by its path, secrets hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from muxwire.settings.model import Settings
from muxwire.settings.path import Path
from muxwire.settings.shape import secret
from muxwire.settings.tree import as_list, as_table

HIDDEN = "(hidden)"


def shown(settings: Settings) -> dict[str, Any]:
    """Nested tables as in the file, every default filled in."""
    return as_table(_hide(msgspec.json.decode(msgspec.json.encode(settings)), ())) or {}


def leaves(tree: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The values of `shown` in order. A list of tables goes on inside; any other list is one value."""
    return _leaves(tree, ())


def _hide(value: Any, path: Path) -> Any:
    if (table := as_table(value)) is not None:
        return {key: _hide(item, (*path, key)) for key, item in table.items()}
    if (items := as_list(value)) is not None:
        return [_hide(item, (*path, index)) for index, item in enumerate(items)]
    return HIDDEN if secret(path) and value else value


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if (table := as_table(value)) is not None:
        for key, item in table.items():
            yield from _leaves(item, (*path, key))
    elif (items := as_list(value)) and as_table(items[0]) is not None:
        for index, item in enumerate(items):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value
