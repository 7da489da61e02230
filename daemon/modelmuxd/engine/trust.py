"""The user's trust in what projects bring with them: given, taken back, listed."""

from __future__ import annotations

import os

from anyio import to_thread
from muxwire.faults import NOT_FOUND, refuse
from muxwire.files import Unreadable, read_bounded
from muxwire.places import Places
from muxwire.settings import trusted
from muxwire.settings.document import MAX_BYTES
from muxwire.settings.load import project_file
from muxwire.trust import Trusted, TrustedFolder


class Trust:
    def __init__(self, places: Places) -> None:
        self._path = places.trusted

    async def add(self, folder: str) -> Trusted:
        """Trust the folder's file as it is now. Raises FaultError(NOT_FOUND) where there is none."""
        return await to_thread.run_sync(self._add, folder)

    async def remove(self, folder: str) -> Trusted:
        """Raises FaultError(NOT_FOUND) for a folder that is not trusted."""
        return await to_thread.run_sync(self._remove, folder)

    async def list(self) -> Trusted:
        return await to_thread.run_sync(self._list)

    def _add(self, folder: str) -> Trusted:
        folder = os.path.realpath(folder)
        if (raw := _file(folder)) is None:
            raise refuse(NOT_FOUND, f"There is no {project_file(folder)} to trust.", "Name the project's top folder.")
        trusted.write(self._path, {**trusted.read(self._path), folder: trusted.digest(raw)})
        return self._list()

    def _remove(self, folder: str) -> Trusted:
        folder, folders = os.path.realpath(folder), trusted.read(self._path)
        if folders.pop(folder, None) is None:
            raise refuse(NOT_FOUND, f"{folder} is not trusted.", "See `muxctl trust --list`.", choices=tuple(folders))
        trusted.write(self._path, folders)
        return self._list()

    def _list(self) -> Trusted:
        found = trusted.read(self._path).items()
        return Trusted(tuple(TrustedFolder(folder, _digest(folder) == kept) for folder, kept in found))


def _digest(folder: str) -> str:
    raw = _file(folder)
    return "" if raw is None else trusted.digest(raw)


def _file(folder: str) -> bytes | None:
    try:
        return read_bounded(project_file(folder), MAX_BYTES)
    except Unreadable:
        return None
