"""Which projects' own settings the user trusts: a folder, and what its file said when he looked at it.

A file that has changed since is not trusted any more: whoever can write to the repository can write the file.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import msgspec

from muxwire.files import Unreadable, read_bounded

_LIMIT = 1024 * 1024


def trusts(path: str, folder: str, raw: bytes) -> bool:
    """Whether the file's bytes are those that were trusted in this folder. `path`: where trust is written down."""
    return read(path).get(os.path.realpath(folder)) == digest(raw)


def read(path: str) -> dict[str, str]:
    """Folder -> digest of its file. What cannot be read trusts nobody."""
    try:
        return msgspec.json.decode(read_bounded(path, _LIMIT) or b"{}", type=dict[str, str])
    except (Unreadable, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def write(path: str, folders: dict[str, str]) -> None:
    """In place of what was written before, at once. Raises OSError."""
    new = Path(f"{path}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(dict(sorted(folders.items())))))
    new.replace(path)


def digest(raw: bytes) -> str:
    return sha256(raw).hexdigest()
