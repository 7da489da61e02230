"""Our MCP server in the files of other programs: what would change, and the change, with a backup of what was."""

from __future__ import annotations

import copy
import difflib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import msgspec
from muxwire.faults import CONFIG, refuse

from muxclients.setup import jsonc, toml_table
from muxclients.setup.ides import IDES, SERVER, Ide, Scope

BACKUP = ".modelmux-backup"


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """Where a program stands."""

    name: str
    title: str
    installed: bool
    user: bool
    """Whether our server is in the user's file."""
    project: bool


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Of one file; nothing when `before` is `after`."""

    name: str
    file: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        before, after = ([f"{line}\n" for line in text.splitlines()] for text in (self.before, self.after))
        return "".join(difflib.unified_diff(before, after, fromfile=self.file, tofile=self.file, n=2))


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
    before = _read(file)
    edit = toml_table if ide.toml else jsonc
    path = (ide.table, SERVER)
    entry = ide.entry(SERVER if scope == "project" else our_command(), env)
    try:
        wanted = _wanted(edit.parse(before), path, None if remove else entry, toml=ide.toml)
        after = edit.drop(before, path) if remove else edit.put(before, path, entry)
        sound = edit.parse(after) == wanted
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise refuse(CONFIG, f"{file} cannot be read: {error}.", "Mend it, or add the server by hand.") from None
    if not sound:
        hint = f"Write it yourself: {ide.table}.{SERVER} with command = {entry['command']!r}."
        raise refuse(CONFIG, f"{file} has {ide.table} in a form that cannot be edited safely.", hint)
    return Change(name=ide.name, file=file, before=before, after=after)


def apply(change: Change) -> str:
    """Writes it whole or not at all; the path of the backup, empty where there was no file."""
    file = os.path.realpath(change.file)
    if _read(file) != change.before:
        raise refuse(CONFIG, f"{file} has just been changed by another program.", "Try again.")
    os.makedirs(os.path.dirname(file), exist_ok=True)
    backup = ""
    if os.path.exists(file):
        backup = file + BACKUP
        shutil.copy2(file, backup)
    handle, new = tempfile.mkstemp(dir=os.path.dirname(file), prefix=".modelmux-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.write(change.after)
        os.chmod(new, stat.S_IMODE(os.stat(file).st_mode) if backup else 0o644)
        os.replace(new, file)
    except BaseException:
        os.unlink(new)
        raise
    return backup


def our_command() -> str:
    """The absolute path of the server: a program with windows often has another PATH than a shell."""
    beside = os.path.join(os.path.dirname(sys.executable), SERVER)
    found = shutil.which(SERVER)
    typed = os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), SERVER)
    return next((path for path in (typed, found, beside) if path and os.access(path, os.X_OK)), SERVER)


def _present(ide: Ide, file: str) -> bool:
    try:
        servers = (toml_table if ide.toml else jsonc).parse(_read(file)).get(ide.table)
    except Exception:  # a file that is not as it should be is told of when it is to be edited
        return False
    return isinstance(servers, dict) and SERVER in servers


def _read(file: str) -> str:
    try:
        with open(file, encoding="utf-8", newline="") as source:
            return source.read()
    except FileNotFoundError:
        return ""


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
