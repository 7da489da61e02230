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
from muxwire.settings.tree import as_list, as_table, without

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
                data["routing"] = without(data["routing"], (*path[1:], key))
                warnings.append(_warning(key, path, document, origins))
    return Document(data, origins, document.kind, document.where), warnings


def _tables(data: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """[routing], each of its rules, and each rule's match."""
    if (routing := as_table(data.get("routing"))) is None:
        return
    yield ("routing",), routing
    for index, row in enumerate(as_list(routing.get("rules")) or ()):
        if (rule := as_table(row)) is not None:
            yield ("routing", "rules", index), rule
            if (match := as_table(rule.get("match"))) is not None:
                yield ("routing", "rules", index, "match"), match


def _warning(key: str, path: Path, document: Document, origins: dict[Path, Any]) -> Fault:
    text = f"{key} stands under {dotted(path)} and is read as if it stood at the top of the file."
    return fault(nearest(origins, (key,)), text, "Move it before the first [table].")
