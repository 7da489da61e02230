"""What an agent may do that asks for permission: by our sandbox word and the tool call's kind. Pure, but for the links
that it follows."""

from __future__ import annotations

import os
from typing import Any

Json = dict[str, Any]

_LOOKS = frozenset({"read", "search", "think", "fetch"})
_CHANGES = frozenset({"edit", "delete", "move"})
"""Kinds of tool calls. `read-only` lets a look through, `write` changes below the working folder too, `full` all. An
unnamed kind is `other`, and a command (`execute`) may do anything."""


def allows(sandbox: str, tool: Json, cwd: str) -> bool:
    """Whether the sandbox word lets this tool call through. `cwd` is a real path."""
    if sandbox == "full":
        return True
    kind = word(tool, "kind")
    if kind in _LOOKS:
        return True
    places = _places(tool)
    return sandbox == "write" and kind in _CHANGES and bool(places) and all(_below(one, cwd) for one in places)


def choose(options: object, *, allowed: bool) -> Json:
    """The outcome that names an option of the right kind: names and ids are each agent's own. Once rather than always:
    the next call is judged by itself."""
    offered = [one for one in options if isinstance(one, dict)] if isinstance(options, list) else []
    for kind in ("allow_once", "allow_always") if allowed else ("reject_once", "reject_always"):
        for option in offered:
            if option.get("kind") == kind and isinstance(option.get("optionId"), str):
                return {"outcome": "selected", "optionId": option["optionId"]}
    return {"outcome": "cancelled"}


def _places(tool: Json) -> list[object]:
    """Every file that the call says it touches; what is no path stays, to be refused."""
    said = tool.get("locations")
    named = said if isinstance(said, list) else []
    diffs = [one for one in rows(tool, "content") if one.get("type") == "diff"]
    return [one.get("path") if isinstance(one, dict) else None for one in (*named, *diffs)]


def _below(place: object, cwd: str) -> bool:
    if not isinstance(place, str) or not place:
        return False
    try:
        real = os.path.realpath(os.path.join(cwd, place))  # noqa: PTH118
    except ValueError:  # a NUL in it
        return False
    return real == cwd or real.startswith(cwd.rstrip(os.sep) + os.sep)


def table(value: Json, key: str) -> Json:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def rows(value: Json, key: str) -> list[Json]:
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def word(value: Json, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
