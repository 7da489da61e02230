"""Where a value stands in the tree, and where it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from muxwire.faults import CONFIG, Fault

Path = tuple[str | int, ...]
"""`("routing", "rules", 0, "match")`."""

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


class Origin(msgspec.Struct, frozen=True):
    """Who said a value: a line of a file, a variable, or nobody."""

    kind: Literal["default", "environment", "user", "project"] = "default"
    where: str = ""
    line: int = 0

    def __str__(self) -> str:
        if self.kind == "environment":
            return f"${self.where}"
        return f"{self.where}:{self.line}" if self.line else self.where or self.kind


def dotted(path: Path) -> str:
    """A path as a person writes it: `routing.rules[0].match`.

    >>> dotted(("profiles", "my own", "providers"))
    'profiles."my own".providers'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE.match(part) else msgspec.json.encode(part).decode()
            text += f".{name}" if text else name
    return text


def nearest(origins: dict[Path, Origin], path: Path) -> Origin:
    """The origin of a value, or of the innermost table around it that somebody wrote."""
    for end in range(len(path), -1, -1):
        if (found := origins.get(path[:end])) is not None:
            return found
    return Origin()


def fault(origin: Origin, message: str, hint: str = "", choices: Iterable[str] = ()) -> Fault:
    """A fault of the configuration, with its place in front."""
    text = message if origin.kind == "default" else f"{origin}: {message}"
    return Fault(CONFIG, text, hint, choices=tuple(choices))
