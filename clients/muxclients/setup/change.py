"""The change of one text file: shown as a diff, written whole or not at all, with a backup of what was."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
import tempfile

import msgspec
from muxwire.faults import CONFIG, refuse

BACKUP = ".modelmux-backup"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Of one file; nothing when `before` is `after`. A file of which nothing is left goes."""

    name: str
    file: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        before, after = ([f"{line}\n" for line in text.splitlines()] for text in (self.before, self.after))
        return "".join(difflib.unified_diff(before, after, fromfile=self.file, tofile=self.file, n=2))


def apply(change: Change) -> str:
    """Writes it whole or not at all; the path of the backup, empty where none is needed: there was no file, or it is
    again what it was before us. Raises FaultError(CONFIG)."""
    file = os.path.realpath(change.file)
    if read(file) != change.before:
        raise refuse(CONFIG, f"{file} has just been changed by another program.", "Try again.")
    try:
        return _write(file, change.after)
    except OSError as error:
        raise refuse(CONFIG, f"{file} cannot be written: {error.strerror}.", "See whose it is.") from None


def _write(file: str, text: str) -> str:
    there, backup = os.path.exists(file), file + BACKUP
    restored = os.path.exists(backup) and read(backup) == text
    if not (text or restored):
        os.unlink(file)
        return ""
    os.makedirs(os.path.dirname(file), exist_ok=True)
    if there and not restored:
        shutil.copy2(file, backup)
    handle, new = tempfile.mkstemp(dir=os.path.dirname(file), prefix=".modelmux-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.write(text)
        os.chmod(new, stat.S_IMODE(os.stat(file).st_mode) if there else 0o644)
        os.replace(new, file)
    except BaseException:
        os.unlink(new)
        raise
    if restored:
        os.unlink(backup)
    return backup if there and not restored else ""


def read(file: str) -> str:
    """Its text, empty when there is none. Raises OSError, UnicodeDecodeError."""
    try:
        with open(file, encoding="utf-8", newline="") as source:
            return source.read()
    except FileNotFoundError:
        return ""
