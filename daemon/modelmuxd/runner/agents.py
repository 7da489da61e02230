"""The Runner of POSIX systems: starts agents under guards and finds them again after a restart."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from weakref import WeakSet

import anyio
import anyio.to_thread

from modelmuxd.runner import cgroup, guard, identity, spool
from modelmuxd.runner.agent import Agent
from modelmuxd.runner.ending import Ending
from modelmuxd.runner.follow import Follower, Ticker
from modelmuxd.runner.interface import Launch, LaunchFailed

_LARGE = 1024 * 1024
"""A longer prompt is written in a thread."""

Tree = Literal["auto", "cgroup", "subreaper"]


class Agents:
    """All agents of one daemon. Opened once, in the main thread, and kept for life.

    As long as it lives, guards leave the deadline to us: each holds the reading end of a pipe whose writing end only
    this object has. `tree` says how process trees are held together; `auto` takes cgroups where a trial succeeds.
    """

    def __init__(self, *, output_limit: int, tree: Tree, inotify: bool) -> None:
        guard.restore_dispositions()
        self._limit = output_limit
        self._ticker = Ticker()
        self._follower = Follower(self._ticker, inotify=inotify)
        self._tree: Tree = tree
        self._base: Path | None = None
        self._endings: WeakSet[Ending] = WeakSet()
        self._alive, self._held = os.pipe()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, *, output_limit: int = 1 << 30, tree: Tree = "auto", inotify: bool = True
    ) -> AsyncGenerator[Agents]:
        """`output_limit` in bytes of one agent's stdout. Leaving leaves the agents to their guards."""
        agents = cls(output_limit=output_limit, tree=tree, inotify=inotify)
        try:
            yield agents
        finally:
            agents._close()

    async def launch(self, launch: Launch) -> Agent:
        """Start the agent under a guard. Raises LaunchFailed.

        The agent gets the launch's environment, the invocation's, the marker and `PWD`; nothing else. It runs with the
        launch's umask. The call blocks the loop for the new files and the exec: 1 to 2 ms in all.
        """
        try:
            ready = await self._prepare(launch)
        except (OSError, ValueError) as error:
            raise LaunchFailed(_reason(error)) from error
        try:
            pid = guard.spawn(ready, self._alive)
        except (OSError, ValueError) as error:
            if ready.cgroup:
                cgroup.remove(Path(ready.cgroup))
            raise LaunchFailed(_reason(error)) from error
        ending = Ending(identity.of(pid), self._ticker, child=True, marker=launch.marker)
        return self._agent(launch.folder, launch.marker, ready.cgroup, ending)

    async def reopen(self, folder: Path, marker: str) -> Agent | None:
        """An attempt of an earlier daemon, running or ended; None when it never claimed: then we have claimed it."""
        if spool.claim(folder):
            return None
        status = await self._claimed(folder)
        if status.abandoned:
            return None
        this_boot = status.boot == identity.boot_id()
        who = status.guard if this_boot and status.guard else _NOBODY
        ending = Ending(who, self._ticker, child=False, marker=marker)
        return self._agent(folder, marker, status.cgroup if this_boot else "", ending)

    def _close(self) -> None:
        for ending in list(self._endings):
            ending.forget()
        self._follower.close()
        os.close(self._alive)
        os.close(self._held)

    def _agent(self, folder: Path, marker: str, group: str, ending: Ending) -> Agent:
        self._endings.add(ending)
        return Agent(folder, marker, group=group, ending=ending, follower=self._follower, output_limit=self._limit)

    async def _prepare(self, launch: Launch) -> guard.Guard:
        env = {**launch.env, **launch.invocation.env}
        if (name := guard.unfit_name(env)) is not None:
            raise ValueError(f"the environment variable {name!r} cannot pass through a shell; take it out")
        program, *words = launch.invocation.argv
        argv = (find_program(program, env, launch.workdir), *words)
        base = self._cgroups()
        group = str(cgroup.path(base, launch.marker)) if base else ""
        if len(launch.invocation.stdin) > _LARGE:
            await anyio.to_thread.run_sync(spool.create, launch.folder, launch.invocation, group)
        else:
            spool.create(launch.folder, launch.invocation, group)
        if group:
            cgroup.make(Path(group))
        return guard.Guard(
            folder=launch.folder,
            marker=launch.marker,
            argv=argv,
            workdir=launch.workdir,
            env=env,
            deadline=launch.deadline,
            umask=launch.umask,
            cgroup=group,
        )

    def _cgroups(self) -> Path | None:
        """Where agents get their cgroups, if anywhere. The first call tries whether any can be had, in about 5 ms."""
        if self._tree == "auto":
            self._base = cgroup.probe()
            self._tree = "cgroup" if self._base else "subreaper"
        elif self._tree == "cgroup" and self._base is None:
            self._base = cgroup.probe()
            if self._base is None:
                raise ValueError("there is no cgroup to be had here")
        return self._base

    async def _claimed(self, folder: Path) -> spool.Status:
        """The status of a claimed attempt. Its guard writes `who` right after the claim; a second is generous."""
        for _ in range(100):
            status = spool.read(folder)
            if status.guard is not None or status.abandoned:
                return status
            await anyio.sleep(0.01)
        return spool.read(folder)


_NOBODY = identity.ProcessId(0, 0)
"""No process is ever this: the guard of a boot before, or one that died between its claim and its first word."""


def find_program(name: str, env: Mapping[str, str], workdir: str) -> str:
    """The program's path, by the agent's PATH; only its absolute entries count. Raises FileNotFoundError.

    It always holds a slash: a bare `eval` would be the shell's own.
    """
    if "/" in name:
        places = [os.path.join(workdir, name)]  # noqa: PTH118
    else:
        folders = env.get("PATH", os.defpath).split(os.pathsep)
        places = [f"{folder}/{name}" for folder in folders if folder.startswith("/")]
    for place in places:
        if os.path.isfile(place) and os.access(place, os.X_OK):  # noqa: PTH113
            return place
    raise FileNotFoundError(f"there is no program {name!r} to run")


def _reason(error: Exception) -> str:
    """What went wrong, without a value of the environment in it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
