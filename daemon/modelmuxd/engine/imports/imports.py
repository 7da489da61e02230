"""Taking over what modelmux 0.29 kept: file by file, a page of lines at a time, whatever state they are in."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import anyio
import msgspec
from anyio import to_thread
from muxwire.faults import NOT_FOUND, STORAGE, Fault, refuse
from muxwire.imports import ImportedFile, ImportParams, ImportResult
from muxwire.places import Places

from modelmuxd.engine.imports import files
from modelmuxd.engine.imports.lines import LONGEST, lines
from modelmuxd.engine.imports.settings import SETTINGS, take_settings
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Line

PAGE = 1000
"""Lines that are taken over in one transaction."""
PAGE_BYTES = 4 << 20
"""Bytes of lines after which a page is full."""
DAMAGED = (ValueError, TypeError, OverflowError, RecursionError)
"""What a line can do to its reader; msgspec's own errors are ValueErrors."""


class Page(msgspec.Struct):
    """Some lines of one file, and what was wrong with others of them."""

    lines: list[Line] = []
    damaged: int = 0
    too_long: int = 0
    first: int | None = None
    """Number of the first that was left out."""


class Imports:
    def __init__(self, store: TaskStore, here: Places) -> None:
        self._store = store
        self._here = here
        self._one_at_a_time = anyio.Lock()

    async def run(self, asked: ImportParams) -> ImportResult:
        """Raises FaultError where there is no such folder."""
        folder = Path(asked.folder or Path.home() / ".config/modelmux")
        if not await to_thread.run_sync(folder.is_dir):
            raise refuse(NOT_FOUND, f"There is no folder {folder}.", "Name it: muxctl import 0.29 --from DIR.")
        async with self._one_at_a_time:
            told = [await self._file(folder, name, asked.dry_run) for name in (*files.LINES, files.BENCHMARK)]
        config = Path(self._here.config)
        told += [
            await to_thread.run_sync(take_settings, folder / name, config / name, asked.dry_run) for name in SETTINGS
        ]
        return ImportResult(folder=str(folder), dry_run=asked.dry_run, files=tuple(told))

    async def _file(self, folder: Path, name: str, dry: bool) -> ImportedFile:
        try:
            with _open(folder / name) as file:
                return await self._lines(name, _reading(name, file), dry)
        except FileNotFoundError:
            return ImportedFile(name=name, missing=True)
        except OSError as error:
            return ImportedFile(name=name, fault=Fault(STORAGE, f"It cannot be read: {error.strerror}."))

    async def _lines(self, name: str, pages: Iterator[Page], dry: bool) -> ImportedFile:
        told = ImportedFile(name=name)
        while (page := await to_thread.run_sync(next, pages, None)) is not None:
            new, unmatched = await self._take(page.lines, dry)
            told = msgspec.structs.replace(
                told,
                taken=told.taken + new,
                known=told.known + len(page.lines) - new,
                damaged=told.damaged + page.damaged,
                too_long=told.too_long + page.too_long,
                unmatched=told.unmatched + unmatched,
                first_damaged=told.first_damaged or page.first,
            )
        return told

    async def _take(self, found: list[Line], dry: bool) -> tuple[int, int]:
        if not dry:
            return await self._store.take_over(found)
        once = list({line.digest for line in found})
        return len(once) - await self._store.taken_over(once), 0


def _reading(name: str, file: BinaryIO) -> Iterator[Page]:
    if name == files.BENCHMARK:
        return _document(file)
    return _pages(lines(file), files.LINES[name])


def _pages(numbered: Iterator[tuple[int, bytes | None]], read: Callable[[bytes], Line]) -> Iterator[Page]:
    while True:
        page, size = Page(), 0
        for number, raw in islice(numbered, PAGE):
            line = None if raw is None else _read(raw, read)
            if line is not None:
                page.lines.append(line)
            else:
                page.too_long += raw is None
                page.damaged += raw is not None
                page.first = page.first or number
            size += len(raw or b"")
            if size >= PAGE_BYTES:
                break
        else:
            if not (page.lines or page.first):
                return
        yield page


def _read(raw: bytes, read: Callable[[bytes], Line]) -> Line | None:
    try:
        return read(raw)
    except DAMAGED:
        return None


def _document(file: BinaryIO) -> Iterator[Page]:
    raw = file.read(LONGEST + 1)
    if len(raw) > LONGEST:
        yield Page(too_long=1, first=1)
        return
    try:
        yield Page(lines=files.measured(raw))
    except DAMAGED:
        yield Page(damaged=1, first=1)


@contextmanager
def _open(path: Path) -> Generator[BinaryIO]:
    """A regular file; anything else could keep its reader waiting for ever."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "not a regular file")
        yield file
