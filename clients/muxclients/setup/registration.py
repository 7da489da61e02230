"""Our MCP server in the files of other programs: who has it, and what would change."""

from __future__ import annotations

import copy
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
from muxwire.faults import CONFIG, refuse

from muxclients.setup import jsonc, toml_table
from muxclients.setup.change import BACKUP, Change, read
from muxclients.setup.ides import IDES, SERVER, Ide, Scope


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """Where a program stands."""

    name: str
    title: str
    installed: bool
    user: bool
    """Whether our server is in the user's file."""
    project: bool


def standing(folder: str, env: Mapping[str, str] = os.environ) -> list[Registered]:
    """Of all that we know."""
    return [
        Registered(
            name=ide.name,
            title=ide.title,
            installed=ide.installed(env),
            user=_present(ide, ide.file("user", folder, env)),
            project=_present(ide, ide.file("project", folder, env)),
        )
        for ide in IDES.values()
    ]


def change(ide: Ide, scope: Scope, folder: str, *, remove: bool, env: Mapping[str, str] = os.environ) -> Change:
    """What would be written. Raises FaultError(CONFIG) for a file that cannot be read or edited."""
    file = ide.file(scope, folder, env)
    edit = toml_table if ide.toml else jsonc
    path = (ide.table, SERVER)
    # A project's file is for other machines too: no path of this one.
    entry = ide.entry(SERVER, {}) if scope == "project" else ide.entry(our_command(), env)
    try:
        before = read(file)
        wanted = _wanted(edit.parse(before), path, None if remove else entry, toml=ide.toml)
        after = edit.drop(before, path) if remove else edit.put(before, path, entry)
        sound = edit.parse(after) == wanted
    except (OSError, ValueError, RecursionError, AttributeError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise refuse(CONFIG, f"{file} cannot be read: {why}.", "Mend it, or add the server by hand.") from None
    if not sound:
        hint = f"Write it yourself: {ide.table}.{SERVER} with command = {entry['command']!r}."
        raise refuse(CONFIG, f"{file} has {ide.table} in a form that cannot be edited safely.", hint)
    first = _before_us(edit, file, before, path) if remove and before != after else None
    return Change(name=ide.name, file=file, before=before, after=after if first is None else first)


def _before_us(edit: Any, file: str, now: str, path: tuple[str, str]) -> str | None:
    """The text that was there before our server was put in, when nothing else was changed since; empty when there was
    no file. None when that is not known."""
    table, server = path
    entry = edit.parse(now)[table][server]
    backup = os.path.realpath(file) + BACKUP
    try:
        text = read(backup)
        untouched = edit.put(text, path, entry) == now and server not in edit.parse(text).get(table, {})
    except (OSError, ValueError, RecursionError, AttributeError, TypeError):
        return None
    return text if untouched else None


def our_command() -> str:
    """The absolute path of the server: a program with windows often has another PATH than a shell."""
    beside = os.path.join(os.path.dirname(sys.executable), SERVER)
    found = shutil.which(SERVER)
    typed = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), SERVER)
    return next((path for path in (typed, found, beside) if path and os.access(path, os.X_OK)), SERVER)


def _present(ide: Ide, file: str) -> bool:
    try:
        servers = (toml_table if ide.toml else jsonc).parse(read(file)).get(ide.table)
    except Exception:  # a file that is not as it should be is told of when it is to be edited
        return False
    return isinstance(servers, dict) and SERVER in servers


def _wanted(data: Any, path: tuple[str, str], entry: dict[str, Any] | None, *, toml: bool) -> Any:
    """What must be read from the file afterwards: all that was there, and ours."""
    data = copy.deepcopy(data)
    table, server = path
    if entry is not None:
        data.setdefault(table, {})[server] = entry
    elif table in data:
        data[table].pop(server, None)
        if not data[table] and toml:  # where a table is only there with something in it
            del data[table]
    return data
