"""Sources laid over each other key by key; each value keeps its origin. A list is one value: it replaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from muxwire.settings.document import Document
from muxwire.settings.path import Origin, Path
from muxwire.settings.tree import as_table


def merge(documents: Iterable[Document]) -> tuple[dict[str, Any], dict[Path, Origin]]:
    """One tree and where each of its values was said; a later document wins."""
    data: dict[str, Any] = {}
    origins: dict[Path, Origin] = {}
    for document in documents:
        _lay(data, document.data, (), origins, document.origins)
    return data, origins


def _lay(
    under: dict[str, Any],
    over: dict[str, Any],
    path: Path,
    origins: dict[Path, Origin],
    news: dict[Path, Origin],
) -> None:
    for key, value in over.items():
        here = (*path, key)
        if (table := as_table(value)) is not None:
            if as_table(under.get(key)) is None:
                under[key] = {}
            if here in news:
                origins[here] = news[here]
            _lay(under[key], table, here, origins, news)
        else:
            under[key] = value
            _replace(origins, news, here)


def _replace(origins: dict[Path, Origin], news: dict[Path, Origin], path: Path) -> None:
    size = len(path)
    for old in [known for known in origins if known[:size] == path]:
        del origins[old]
    origins.update({new: origin for new, origin in news.items() if new[:size] == path})
