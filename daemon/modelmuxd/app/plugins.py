"""Adapters of others: those that installed packages offer (entry points `modelmux.adapters`), and the user's own files
in `adapters/` beside profiles.toml. One that cannot be used is told, and harms nobody.

They are code that runs as the user, so a file counts only when nobody else can have written it. A module that never
returns from its import holds the start up: nothing can bound that.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import msgspec
from muxwire.faults import CONFIG, Fault

from modelmuxd.adapters.base import Adapter

GROUP = "modelmux.adapters"
NAME = "adapter"
"""What a file calls its adapter, or the function that makes one."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}\Z")
_PARTS = (
    *("name", "title", "program", "package", "env_names", "scrub", "login_files"),
    *("first_byte_s", "session_bound", "window", "login", "prepare", "reader"),
)


class Plugins(msgspec.Struct, frozen=True):
    adapters: dict[str, Adapter]
    """The built-in ones and those of others, by name."""
    faults: tuple[Fault, ...] = ()
    """Why others could not be used."""


def load(builtins: dict[str, Adapter], folder: str) -> Plugins:
    """Never raises for what a plugin does."""
    adapters, faults = dict(builtins), []
    for where, get in (*_installed(), *_own(folder)):
        try:
            adapter = _made(get())
            if adapter.name in adapters:
                raise ValueError(f"there is another provider called {adapter.name!r}")
            adapters[adapter.name] = adapter
        except (Exception, SystemExit) as error:
            faults.append(_unusable(where, error))
    return Plugins(adapters, tuple(faults))


def _installed() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Looked for in the files first: loading importlib.metadata costs as much as all of asyncio."""
    if not any(_mentions(Path(folder)) for folder in sys.path if folder):
        return
    from importlib.metadata import entry_points

    for one in entry_points(group=GROUP):
        yield f"{one.name} ({one.value})", one.load


def _mentions(folder: Path) -> bool:
    try:
        found = [one for one in os.scandir(folder) if one.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return False
    return any(f"[{GROUP}]" in _text(Path(one.path, "entry_points.txt")) for one in found)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _own(folder: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    for path in sorted(Path(folder).glob("*.py")):
        yield str(path), lambda path=path: _from_file(path)  # type: ignore[misc]


def _from_file(path: Path) -> Any:
    for place in (path, path.parent):
        found = place.stat()
        if found.st_uid not in (os.getuid(), 0) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(f"others may write {place}")
    spec = spec_from_file_location(f"modelmux_adapter_{path.stem}", path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, NAME)


def _made(found: Any) -> Adapter:
    """An adapter, or what makes one. Raises for what is none."""
    adapter = found() if isinstance(found, type) or not hasattr(found, "prepare") else found
    lacking = [part for part in _PARTS if not hasattr(adapter, part)]
    if lacking:
        raise TypeError(f"it lacks {', '.join(lacking)}")
    if not _NAME.match(adapter.name):
        raise ValueError(f"{adapter.name!r} cannot be the name of a provider")
    made: Adapter = adapter
    return made


def _unusable(where: str, error: BaseException) -> Fault:
    text = f"The adapter {where} cannot be used: {type(error).__name__}: {error}"
    return Fault(CONFIG, text[:400], "Mend or remove it, then `muxctl daemon restart`. See docs/adapters.md.")
