"""Finds an agent CLI on the caller's PATH, and its version without running it (`gemini --version` takes 5.6 s)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from modelmuxd.adapters.base import Package
from modelmuxd.engine.look import Look

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]{0,40}\Z")
_SHEBANG = re.compile(rb"#![ \t]*(\S+)(?:[ \t]+(?:-S[ \t]+)?([^\s=]+))?")


class _PackageJson(msgspec.Struct):
    version: str = ""


class Program(msgspec.Struct, frozen=True):
    """A CLI as it was found. `found` is empty when there is none; `trouble` then says what came close."""

    found: str = ""
    """On PATH."""
    start: str = ""
    """What to start: the package's native binary where it has one, which spares the shim's half second."""
    version: str = ""
    trouble: str = ""


def find_program(look: Look, name: str, search: str, package: Package) -> Program:
    """The first executable `name` in the folders of `search`. Only absolute folders count: the caller's working
    directory is no place for programs."""
    for path in _candidates(name, search):
        if look.is_program(path):
            return _describe(look, path, search, package)
    return Program(trouble=_near_miss(look, name, search))


def _candidates(name: str, search: str) -> Iterator[str]:
    if name.startswith("/"):
        return iter((name,))
    return (f"{folder.rstrip('/')}/{name}" for folder in search.split(os.pathsep) if folder.startswith("/"))


def _near_miss(look: Look, name: str, search: str) -> str:
    """Why something of that name is not it."""
    for path in _candidates(name, search):
        place = Path(path)
        if place.is_dir():
            return f"{path} is a folder"
        if place.exists():
            return f"{path} is not executable"
        if place.is_symlink():
            return f"{path} is a link that points nowhere"
    return ""


def _describe(look: Look, path: str, search: str, package: Package) -> Program:
    real = os.path.realpath(path)
    root, modules = _package_root(real, package.npm)
    version = _npm_version(look, root) if root else _version_in_name(real)
    natives = (native.format(node_modules=modules, package=root) for native in package.natives) if root else ()
    start = next((native for native in natives if look.is_program(native)), path)
    return Program(found=path, start=start, version=version, trouble=_lacks_interpreter(look, start, search))


def _package_root(real: str, npm: str) -> tuple[str, str]:
    """The npm package's folder and the node_modules around it; empty when the program is no part of it."""
    marker = f"/node_modules/{npm}/"
    at = real.rfind(marker) if npm else -1
    return (real[: at + len(marker) - 1], real[:at] + "/node_modules") if at >= 0 else ("", "")


def _npm_version(look: Look, root: str) -> str:
    try:
        version = msgspec.json.decode(look.read(f"{root}/package.json") or b"{}", type=_PackageJson).version
    except (msgspec.DecodeError, RecursionError):
        return ""
    return version if _VERSION.match(version) else ""


def _version_in_name(real: str) -> str:
    """Claude's own installer links to `…/share/claude/versions/2.1.197`: the file's name is the version."""
    name = Path(real).name
    return name if _VERSION.match(name) else ""


def _lacks_interpreter(look: Look, program: str, search: str) -> str:
    """A script whose interpreter cannot be found would fail at the start with no word of why."""
    found = _SHEBANG.match(look.head(program))
    if found is None:
        return ""
    interpreter, argument = (os.fsdecode(part or b"") for part in found.groups())
    if Path(interpreter).name != "env":
        return "" if look.is_program(interpreter) else f"{program} needs {interpreter}, which is not there"
    if argument.startswith("-") or any(look.is_program(path) for path in _candidates(argument, search)):
        return ""
    return f"{program} needs {argument}, which is not on PATH"
