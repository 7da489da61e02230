"""One agent under its guard: what it writes, how it ends, how it is ended."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import anyio
import anyio.lowlevel
import anyio.to_thread

from modelmuxd.domain.invocation import Exit
from modelmuxd.runner import cgroup, guard, identity, spool, tree
from modelmuxd.runner.ending import Ending
from modelmuxd.runner.follow import Follower
from modelmuxd.runner.interface import LaunchFailed, OutputLimit

PIECE = 256 * 1024
"""Bytes read at once. They come from the page cache: 30 µs, so they are read in the loop."""


class Agent:
    """One attempt's process; the promises are those of `AgentProcess`."""

    def __init__(
        self, folder: Path, marker: str, *, group: str, ending: Ending, follower: Follower, output_limit: int
    ) -> None:
        self._folder = folder
        self._marker = marker
        self._follower = follower
        self._limit = output_limit
        self._group = Path(group) if group else None
        self._ending = ending
        self._over = ending.over
        self._stopping = anyio.Lock()
        self._abandoned = False

    async def output(self, start: int = 0) -> AsyncIterator[bytes]:
        """stdout from byte `start` on, until the guard has ended and all is read. Raises OutputLimit.

        What a process that outlives the agent writes later is not waited for.
        """
        path, limit = self._folder / "out", self._limit
        with self._follower.watch(path) as changed, self._ending.tell(changed):
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                while True:
                    over = self._over.is_set()  # before reading: what was written before the end is read after this
                    changed.clear()
                    while data := os.pread(file, PIECE, start):
                        if room := data[: max(0, limit - start)]:
                            yield room
                        start += len(data)
                        if start > limit:
                            raise OutputLimit(f"more than {limit} bytes of output")
                        await anyio.lowlevel.checkpoint()
                    if over:
                        return
                    if not self._over.is_set():
                        await changed.wait()
            finally:
                os.close(file)

    async def ended(self) -> Exit:
        """Waits for the guard's end. `code` None when it vanished without a status.

        Raises LaunchFailed when the guard could not start the agent.
        """
        await self._over.wait()
        status = spool.read(self._folder)
        failed = status.code is None and not self._abandoned and self._ending.exit
        if failed and (why := guard.NEVER_STARTED.get(failed)):
            raise LaunchFailed(f"the guard did not start the agent: {why} (exit {failed})")
        return Exit(code=status.code, timed_out=status.expired)

    async def stop(self, how: Literal["INT", "TERM"], grace: float) -> None:
        """End the whole tree: the signal, up to `grace` seconds for the agent to end, then SIGKILL of all that is left.

        Idempotent; a second caller waits for the first. Shield it from cancellation: half of it is no stop.
        """
        async with self._stopping:
            seen: set[identity.ProcessId] = set()
            if not self._over.is_set() and not self._abandon():
                await self._wait_for_agent()
                seen = await self._signal(signal.Signals[f"SIG{how}"])
                with anyio.move_on_after(grace):
                    await self._over.wait()
            await self._kill_all(seen)

    async def cpu_seconds(self) -> float | None:
        """What the agent and all it started have computed so far."""
        if self._group and (used := cgroup.cpu_seconds(self._group)) is not None:
            return used
        guard_pid = None if self._over.is_set() else self._ending.who.pid
        return await anyio.to_thread.run_sync(tree.cpu_seconds, self._marker, guard_pid)

    def age(self) -> float | None:
        """Its guard's: none when that has ended."""
        return None if self._over.is_set() else identity.age(self._ending.who)

    def stderr_tail(self, size: int = 8192) -> bytes:
        """The last bytes the agent wrote to stderr."""
        return spool.tail(self._folder / "err", size)

    async def sweep(self) -> int:
        """After the end: kill what the agent left behind; how many processes that were, the guard's own count included.

        Costs 0.1 ms when nothing is left in the cgroup, and nothing where the guard, as subreaper, has swept itself.
        """
        await self._over.wait()
        return spool.read(self._folder).killed + await self._kill_all(set())

    def _abandon(self) -> bool:
        """Whether the guard had not claimed yet: then it never will."""
        self._abandoned = self._abandoned or spool.claim(self._folder)
        return self._abandoned

    async def _wait_for_agent(self) -> None:
        """Between the claim and the exec a signal would be lost on the guard. Bounded: it may be hanging."""
        with anyio.move_on_after(1):
            while not self._over.is_set() and not tree.has_agent(self._ending.who.pid):  # noqa: ASYNC110 - a process
                await anyio.sleep(0.005)

    async def _signal(self, number: signal.Signals) -> set[identity.ProcessId]:
        """Signal the agent; what its tree was just before, where no cgroup remembers it."""
        seen: set[identity.ProcessId] = set()
        pid = self._ending.who.pid
        if self._group is None:
            seen = await anyio.to_thread.run_sync(tree.find, self._marker, pid)
        if not self._over.is_set():
            tree.signal_agent(pid, number)
        return seen

    async def _kill_all(self, seen: set[identity.ProcessId]) -> int:
        """SIGKILL to the tree until nothing is left, then wait for the guard; how many were killed."""
        killed = await self._kill_group() if self._group else 0
        if self._must_search():
            killed += await self._kill_found(seen)
        with anyio.move_on_after(2):
            await self._over.wait()
        if not self._over.is_set():  # a guard that was stopped, say
            killed += await self._kill_found({self._ending.who})
            await self._over.wait()
        if self._group:
            cgroup.remove(self._group)
        return killed

    def _must_search(self) -> bool:
        """Whether the process table must be read: neither a cgroup nor an orderly guard held the tree together.

        A guard that was killed leaves its watcher, which no cgroup holds.
        """
        if (self._folder / "unplaced").exists():
            return True
        over, code = self._over.is_set(), spool.read(self._folder).code
        if over and code is None:
            return True
        orderly = over and guard.IS_SUBREAPER
        return not orderly and (self._group is None or not self._group.exists())

    async def _kill_group(self) -> int:
        assert self._group
        killed: set[int] = set()
        with anyio.move_on_after(5):
            pause = 0.001
            while pids := set(cgroup.members(self._group)):
                spared = tree.ours(tree.table()) if os.getpid() in pids else set()
                if not pids - spared:
                    break
                killed |= pids - spared
                if spared:  # an agent of before started this daemon
                    for pid in pids - spared:
                        identity.send(identity.of(pid), signal.SIGKILL)
                else:
                    cgroup.kill(self._group)
                await anyio.sleep(pause)
                pause = min(pause * 2, 0.05)
        return len(killed)

    async def _kill_found(self, seen: set[identity.ProcessId]) -> int:
        """Kill and look again, since a tree may fork while it dies. Bounded: a process in the kernel cannot die."""
        killed: set[identity.ProcessId] = set()
        with anyio.move_on_after(10):
            pause = 0.002
            while True:
                guard_pid = None if self._over.is_set() else self._ending.who.pid
                found = await anyio.to_thread.run_sync(tree.find, self._marker, guard_pid)
                found |= {who for who in seen if identity.is_running(who)}
                if not found:
                    break
                killed |= {who for who in found if identity.send(who, signal.SIGKILL)}
                await anyio.sleep(pause)
                pause = min(pause * 2, 0.1)
        return len(killed)
