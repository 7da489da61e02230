"""Finding an agent's processes without a cgroup, and ending them.

A process belongs to the tree when the guard or another of the tree is its parent, when it is in a session of the tree,
or when the marker is in the environment it was started with. While the guard lives, as a child subreaper, nobody gets
away from the first; it kills its orphans itself before it ends. What escapes when the guard was killed: a process that
left its session, lost its parent and cleared its environment. What always escapes: work that the agent gave to
somebody else's process (cron, a container engine, a service manager).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress

import msgspec

from modelmuxd.runner import identity
from modelmuxd.runner.guard import MARKER


class Proc(msgspec.Struct, frozen=True):
    """One line of the process table."""

    who: identity.ProcessId
    parent: int
    session: int


def table() -> list[Proc]:
    """Every process that is not a zombie; 300 of them in about 6 ms, so call it from a thread."""
    return list(_table())


def grown(procs: Collection[Proc], roots: Collection[int], sessions: Collection[int] = ()) -> set[int]:
    """The roots and all that hangs on them by parent or by session."""
    found, held = set(roots), set(sessions)
    while True:
        more = {p.who.pid for p in procs if p.who.pid not in found and (p.parent in found or p.session in held)}
        held |= {p.session for p in procs if p.who.pid in more}
        if not more:
            return found
        found |= more


def ours(procs: Collection[Proc]) -> set[int]:
    """This process and its descendants: not to be killed with the agent that started this daemon, should one have."""
    return grown(procs, {os.getpid()})


def find(marker: str, guard: int | None) -> set[identity.ProcessId]:
    """The tree of one attempt, without its guard. `guard` is None when it has ended. Reads /proc: use a thread."""
    procs = table()
    marked = {p.who.pid for p in procs if _is_marked(p.who.pid, marker)}
    sessions = {p.session for p in procs if p.who.pid in marked} - {os.getsid(0)}
    found = grown(procs, marked | ({guard} if guard else set()), sessions) - {guard}
    if os.getpid() in found:
        found -= ours(procs)
    return {p.who for p in procs if p.who.pid in found}


def cpu_seconds(marker: str, guard: int | None) -> float | None:
    """What the processes of a tree have computed so far; None where there is no /proc. Use a thread."""
    if sys.platform != "linux":
        return None
    ticks = 0
    for who in find(marker, guard):
        if fields := identity.read_stat(who.pid):
            ticks += int(fields[11]) + int(fields[12])  # utime and stime
    return ticks / os.sysconf("SC_CLK_TCK")


def signal_agent(guard: int, number: signal.Signals) -> None:
    """The signal as a terminal would give it: to the group of the guard, in which the agent and its wrappers are.

    An agent that made a group of its own gets it by itself. The guard and its watcher take no notice. Call only while
    the guard is known to live.
    """
    targets = [pid for pid in children(guard) if _group(pid) not in (guard, None)]
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(guard, number)
    for pid in targets:
        identity.send(identity.of(pid), number)


def children(pid: int) -> list[int]:
    """The children of a process; 20 µs where the kernel keeps them in /proc (CONFIG_PROC_CHILDREN)."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
            return [int(word) for word in file.read().split()]
    except OSError:
        return [p.who.pid for p in table() if p.parent == pid]


def has_agent(guard: int) -> bool:
    """Whether a child of the guard runs another program than the guard: the agent is there and has been exec'ed."""
    own = _cmdline(guard)
    return any(_cmdline(pid) not in (own, b"") for pid in children(guard))


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _cmdline(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""


def _is_marked(pid: int, marker: str) -> bool:
    if sys.platform != "linux":
        return identity.carries(pid, marker)
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
            return f"{MARKER}={marker}".encode() in file.read().split(b"\0")
    except OSError:
        return False


if sys.platform == "linux":

    def _table() -> Iterator[Proc]:
        for name in os.listdir("/proc"):  # noqa: PTH208
            if name.isdigit() and (fields := identity.read_stat(int(name))) and fields[0] not in "ZX":
                yield Proc(identity.ProcessId(int(name), int(fields[19])), int(fields[1]), int(fields[3]))

else:

    def _table() -> Iterator[Proc]:
        """For systems without /proc. Not run on macOS yet."""
        import psutil

        for process in psutil.process_iter(["pid", "ppid"]):
            try:
                yield Proc(identity.ProcessId(process.pid), process.ppid(), os.getsid(process.pid))
            except (psutil.Error, OSError):
                continue
