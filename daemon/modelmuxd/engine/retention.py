"""What is kept how long: `muxctl clean` at its user's word, and daily what `[retention]` says. Nothing else deletes.

Rows go first, files after them: what a crash leaves between the two are folders that no run names, and the next
cleaning of runs takes these along.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import anyio
from anyio import to_thread
from muxwire.faults import CONFIG, USAGE, FaultError, refuse
from muxwire.places import Places
from muxwire.retention import AGE, KEPT, CleanLine, CleanParams, CleanResult, Kept, Space, seconds
from muxwire.settings.model import Retention as Ages

from modelmuxd.engine.clock import Clock
from modelmuxd.engine.task_settings import SettingsSource
from modelmuxd.runner.worktree import exists
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Old

DAY = 86_400.0
SOON = 600.0
"""Seconds after the start at which what is due is cleaned; a daemon that has just started has other things to do."""
CHUNK = 200


class Retention:
    def __init__(self, *, store: TaskStore, source: SettingsSource, here: Places, clock: Clock) -> None:
        self._store = store
        self._source = source
        self._here = here
        self._clock = clock
        self._one_at_a_time = anyio.Lock()

    async def run(self) -> None:
        """Clean by the settings, once a day, until cancelled."""
        due = self._clock.now() + SOON
        while True:
            await self._clock.sleep_until(due)
            due = self._clock.now() + DAY
            for what, age in (await self._ages()).items():
                await self._clean(what, self._clock.now() - seconds(age), dry=False)

    async def clean(self, asked: CleanParams) -> CleanResult:
        """Raises FaultError where nothing says how old is old."""
        ages = await self._asked(asked)
        now = self._clock.now()
        found = [await self._clean(what, now - seconds(age), dry=asked.dry_run) for what, age in ages.items()]
        return CleanResult(
            lines=tuple(line for line, _ in found), dry_run=asked.dry_run, pending=sum(kept for _, kept in found)
        )

    async def space(self) -> Space:
        size, reusable = await self._store.pages()
        here = self._here
        return await to_thread.run_sync(_space, here, size, reusable)

    async def _asked(self, asked: CleanParams) -> dict[Kept, str]:
        what = tuple(dict.fromkeys(asked.what)) or KEPT
        if asked.older_than:
            return {one: _age(asked.older_than) for one in what}
        ages = await self._ages()
        if missing := [one for one in asked.what if one not in ages]:
            raise _ageless(missing)
        if not ages:
            raise _ageless(KEPT)
        return {one: ages[one] for one in what if one in ages}

    async def _ages(self) -> dict[Kept, str]:
        """As the user's own settings say; none while they cannot be read."""
        loaded = await self._source.read()
        said = Ages() if loaded.faults else loaded.settings.retention
        return {what: age for what in KEPT if (age := getattr(said, what))}

    async def _clean(self, what: Kept, before: float, *, dry: bool) -> tuple[CleanLine, int]:
        """What went, or would; and how many old runs stay, for their worktree's sake."""
        runs = size = pending = 0
        after = (0.0, 0)
        async with self._one_at_a_time:
            while page := await self._store.old(what, before, after):
                after = (page[-1].ended_at, page[-1].id)
                going = [one for one in page if what != "runs" or not (one.needed or await _pending(one))]
                pending += sum(1 for one in page if one not in going and not one.needed)
                runs += len(going)
                size += sum(one.bytes for one in going) + await self._folders(what, going, dry=dry)
            if what == "runs" and not dry:
                await self._sweep()
        return CleanLine(what, before, runs, size), pending

    async def _folders(self, what: Kept, going: list[Old], *, dry: bool) -> int:
        """Bytes of the files that belong to it; gone when this is no dry run."""
        folders = [] if what == "events" else [Path(self._here.spool, name) for one in going for name in one.folders]
        size = await to_thread.run_sync(_size, folders)
        if going and not dry:
            await self._store.forget(what, [one.id for one in going], self._clock.now())
            await to_thread.run_sync(_remove, folders)
        return size

    async def _sweep(self) -> None:
        """Folders of attempts whose run is not in the record. An attempt's run is, before its folder is made."""
        names = await to_thread.run_sync(_names, self._here.spool)
        for start in range(0, len(names), CHUNK):
            part = {name: name.rpartition("-")[0] for name in names[start : start + CHUNK]}
            known = await self._store.known(sorted(set(part.values())))
            gone = [Path(self._here.spool, name) for name, run_id in part.items() if run_id and run_id not in known]
            await to_thread.run_sync(_remove, gone)


async def _pending(one: Old) -> bool:
    return one.worktree is not None and await to_thread.run_sync(exists, one.worktree)


def _age(said: str) -> str:
    if re.search(AGE, said, re.ASCII) is None:
        raise refuse(USAGE, f"{said!r} is no age.", "Write hours, days or weeks: 12h, 30d, 8w.")
    return said


def _ageless(what: Iterable[str]) -> FaultError:
    text = f"Nothing says from which age on {', '.join(what)} may go."
    return refuse(CONFIG, text, "Add --older-than 30d, or [retention] to profiles.toml.")


def _names(folder: str) -> list[str]:
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        return [one.name for one in found]
    return []


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)  # what stays is a folder that no run names: the sweep's


def _size(folders: Iterable[Path | str]) -> int:
    return sum(_tree(str(folder)) for folder in folders)


def _tree(top: str) -> int:
    """Bytes of the files below it; what vanishes meanwhile counts nothing."""
    size, waiting = 0, [top]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for one in found:
                    if one.is_dir(follow_symlinks=False):
                        waiting.append(one.path)
                    else:
                        size += one.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return size


def _space(here: Places, database: int, reusable: int) -> Space:
    logs = sum(size for name, size in _files(here.state) if name.startswith("modelmuxd.log"))
    log = sum(size for name, size in _files(here.state) if name.startswith("modelmux.db-"))
    return Space(
        database=database + log,
        reusable=reusable,
        spool=_tree(here.spool),
        worktrees=_tree(here.worktrees),
        logs=logs,
        free=shutil.disk_usage(here.state).free,
    )


def _files(folder: str) -> list[tuple[str, int]]:
    with os.scandir(folder) as found:
        return [(one.name, one.stat(follow_symlinks=False).st_size) for one in found if one.is_file()]
