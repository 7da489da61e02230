"""Settings as they may be shown: every value by its path, secrets hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from muxwire.settings.model import Settings
from muxwire.settings.path import Path
from muxwire.settings.shape import secret

HIDDEN = "(hidden)"


def shown(settings: Settings) -> dict[str, Any]:
    """Nested tables as in the file, every default filled in."""
    tree: dict[str, Any] = _hide(msgspec.to_builtins(settings), ())
    return tree


def leaves(tree: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The values of `shown` in order. A list of tables goes on inside; any other list is one value."""
    return _leaves(tree, ())


def _hide(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {key: _hide(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(item, (*path, index)) for index, item in enumerate(value)]
    return HIDDEN if secret(path) and value else value


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    else:
        yield path, value
