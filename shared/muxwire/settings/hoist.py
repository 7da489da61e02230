"""Two keys of 0.29 that its own example and its wizard write in the wrong place.

They stand after a [routing…] table there, so that TOML files them under it. What was meant is plain: they are read as
if they stood at the top, with a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from muxwire.faults import Fault
from muxwire.settings.document import Document
from muxwire.settings.path import Path, dotted, fault, nearest

HOISTED = ("caller_override", "auto_exclude_caller")


def hoist(document: Document) -> tuple[Document, list[Fault]]:
    """The document with the two keys at the top, and a warning for each that was moved.

    A key that the top has already stays where it is, to be refused there as unknown.
    """
    data, origins, warnings = dict(document.data), dict(document.origins), list[Fault]()
    for path, table in _tables(document.data):
        for key in HOISTED:
            if key in table and key not in data:
                data[key] = table[key]
                origins[(key,)] = nearest(origins, (*path, key))
                data["routing"] = _without(data["routing"], (*path[1:], key))
                warnings.append(_warning(key, path, document, origins))
    return Document(data, origins, document.kind, document.where), warnings


def _tables(data: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """[routing], each of its rules, and each rule's match."""
    routing = data.get("routing")
    if not isinstance(routing, dict):
        return
    yield ("routing",), routing
    rules = routing.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            yield ("routing", "rules", index), rule
            if isinstance(rule.get("match"), dict):
                yield ("routing", "rules", index, "match"), rule["match"]


def _without(tree: Any, path: Path) -> Any:
    """A copy of the tree that lacks what stands at `path`; nothing else is copied."""
    head, rest = path[0], path[1:]
    if isinstance(tree, list):
        return [_without(item, rest) if index == head else item for index, item in enumerate(tree)]
    if not rest:
        return {key: item for key, item in tree.items() if key != head}
    return {key: _without(item, rest) if key == head else item for key, item in tree.items()}


def _warning(key: str, path: Path, document: Document, origins: dict[Path, Any]) -> Fault:
    text = f"{key} stands under {dotted(path)} and is read as if it stood at the top of the file."
    return fault(nearest(origins, (key,)), text, "Move it before the first [table].")
