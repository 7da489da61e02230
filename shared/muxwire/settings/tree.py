"""Trees that nobody has checked yet: whatever a file holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from muxwire.settings.path import Path


def as_table(value: object) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    return list(cast("Iterable[Any]", value)) if isinstance(value, list) else None


def without(tree: Any, path: Path) -> Any:
    """A copy of the tree that lacks what stands at `path`, which must be there; nothing else is copied."""
    head, rest = path[0], path[1:]
    if (items := as_list(tree)) is not None:
        return [without(item, rest) if index == head else item for index, item in enumerate(items)]
    table = as_table(tree) or {}
    if not rest:
        return {key: item for key, item in table.items() if key != head}
    return {key: without(item, rest) if key == head else item for key, item in table.items()}
