"""Trees that nobody has checked yet: whatever a file holds."""

from __future__ import annotations

from typing import Any

from muxwire.settings.path import Path


def as_table(value: object) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    table: dict[str, Any] = value
    return table


def as_list(value: object) -> list[Any] | None:
    if not isinstance(value, list):
        return None
    items: list[Any] = value
    return items


def without(tree: Any, path: Path) -> Any:
    """A copy of the tree that lacks what stands at `path`, which must be there; nothing else is copied."""
    head, rest = path[0], path[1:]
    if (items := as_list(tree)) is not None:
        return [without(item, rest) if index == head else item for index, item in enumerate(items)]
    table = as_table(tree) or {}
    if not rest:
        return {key: item for key, item in table.items() if key != head}
    return {key: without(item, rest) if key == head else item for key, item in table.items()}
