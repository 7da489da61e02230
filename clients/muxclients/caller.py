"""What the command line tells the daemon about its caller: words, terminal, folder, environment. Loads nothing.

Both ways in, the hot one and the full one, build their calls here, so that they send the same.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

_TASKS = ("dispatch", "route", "broadcast", "collaborate", "workflow")
"""Calls that bring a task, which is done where their caller is."""

_kept: dict[str, Any] = {}
"""What must be the same when a call is made again in full: stdin can be read once, and a task has one key."""


def text(argument: str) -> str:
    """An argument as the text it was typed as. Raises UnicodeDecodeError when its bytes are no UTF-8."""
    return argument if argument.isascii() else os.fsencode(argument).decode()


def stdin() -> str:
    """All of stdin. Raises UnicodeDecodeError when it is no UTF-8."""
    if "stdin" not in _kept:
        parts = []
        while part := os.read(0, 1 << 16):
            parts.append(part)
        _kept["stdin"] = b"".join(parts)
    read: bytes = _kept["stdin"]
    return read.decode()


def task(words: Sequence[str]) -> str:
    """The words as one text, or stdin when there are none or just `-`; empty when stdin is a terminal.

    Raises UnicodeDecodeError when it is no UTF-8.
    """
    if words and list(words) != ["-"]:
        return text(" ".join(words))
    return "" if os.isatty(0) else stdin()


def view(*, json: bool, env: Mapping[str, str] = os.environ) -> tuple[bool, int, int, bool, bool]:
    """How to render for us, in the order of `muxwire.protocol.View`."""
    tty = os.isatty(1)
    width, height = _size(env)
    return json, width, height, colour(env, tty=tty), tty


def colour(env: Mapping[str, str], *, tty: bool) -> bool:
    """FORCE_COLOR and NO_COLOR as their sites define them (https://no-color.org, https://force-color.org)."""
    if forced := env.get("FORCE_COLOR"):
        return forced != "0"
    return tty and not env.get("NO_COLOR") and env.get("TERM") != "dumb"


def _size(env: Mapping[str, str]) -> tuple[int, int]:
    try:
        width, height = os.get_terminal_size(1)
    except OSError:
        width, height = 0, 0
    columns = env.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and len(columns) < 5:
        width = int(columns)
    return width or 80, height or 24


def complete(method: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a call that no option fills. Raises OSError when the current folder is gone."""
    if method in ("retry", "benchmark"):
        return {**fields, "env": environment()}
    if method in ("history", "export") and fields.get("workdir"):
        return {**fields, "workdir": text(os.path.abspath(fields["workdir"]))}
    if method not in _TASKS:
        return fields
    here = os.getcwd()
    workdir = text(os.path.abspath(fields.get("workdir") or here))
    return {
        **fields,
        "workdir": workdir,
        "idempotency_key": fields.get("idempotency_key") or _key(),
        "origin": {"kind": "cli", "workdir": text(here)},
        "env": environment(),
    }


def environment() -> dict[str, Any]:
    """The base names of ours, as `muxwire.runs.CallerEnv`."""
    from muxwire.environ import base_environment

    return {"values": base_environment(os.environb.items() if os.supports_bytes_environ else _raw_environment())}


def values(names: Iterable[str]) -> dict[str, str]:
    """Those variables of ours that the daemon asks for by name."""
    found = {}
    for name in names:
        try:
            if name in os.environ:
                found[name] = text(os.environ[name])
        except UnicodeDecodeError:
            continue  # no provider's credential
    return found


def _key() -> str:
    """One key per process: a dispatch that is sent again after a lost connection is the same run."""
    if "key" not in _kept:
        _kept["key"] = f"cli-{os.urandom(16).hex()}"
    key: str = _kept["key"]
    return key


def _raw_environment() -> list[tuple[bytes, bytes]]:
    """Windows keeps text; not run by us yet."""
    return [(name.encode(sys.getfilesystemencoding()), os.fsencode(value)) for name, value in os.environ.items()]
