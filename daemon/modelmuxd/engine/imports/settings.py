"""0.29's settings: ours has the same names for them, so they are taken as they stand where we have none yet."""

from __future__ import annotations

import os
from pathlib import Path

from muxwire.faults import CONFLICT, STORAGE, Fault
from muxwire.files import Unreadable, read_bounded
from muxwire.imports import ImportedFile

SETTINGS = ("profiles.toml", "policy.json")
LONGEST = 1 << 20
CHECK = "`muxctl config check` tells of keys that are not ours."


def take_settings(old: Path, ours: Path, dry: bool) -> ImportedFile:
    """Never in place of a file that is there."""
    try:
        if (raw := read_bounded(str(old), LONGEST)) is None:
            return ImportedFile(name=old.name, missing=True)
        if ours.exists():
            return _kept(old, ours)
        if not dry:
            _write(ours, raw)
        return ImportedFile(name=old.name, taken=1, note=f"is to be read from {ours}. {CHECK}")
    except Unreadable as error:
        return ImportedFile(name=old.name, fault=Fault(STORAGE, f"It {error}."))
    except OSError as error:
        return ImportedFile(name=old.name, fault=Fault(STORAGE, f"It cannot be taken over: {error.strerror}."))


def _kept(old: Path, ours: Path) -> ImportedFile:
    if old.samefile(ours):
        return ImportedFile(name=old.name, known=1, note=f"is read where it is. {CHECK}")
    text = f"{ours} is there already, and stays as it is."
    return ImportedFile(name=old.name, fault=Fault(CONFLICT, text, f"Copy over what you want of {old}."))


def _write(ours: Path, raw: bytes) -> None:
    ours.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(ours, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw)
