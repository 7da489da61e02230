"""End the daemon, and know that it is gone: asked over the wire, and where it does not listen, by signal."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
import psutil
from muxwire.faults import PROTOCOL, UNREACHABLE, FaultError, refuse
from muxwire.insight import DaemonFacts, Nothing, ShutdownParams
from muxwire.locks import try_lock, unlock
from muxwire.methods import FACTS, SHUTDOWN
from muxwire.places import Places
from muxwire.version import VERSION

from muxclients.link.blocking import Client, over
from muxclients.link.manager import installed
from muxclients.link.start import connect

Mode = Literal["leave", "drain", "kill"]

ENDING = 10.0
"""Seconds for a daemon to be gone after it has said that it goes; it gives calls in flight 1.5."""
KILLING = 30.0
"""Seconds for all agents' trees to be dead; the engine gives each a grace period first."""


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """What was ended."""

    pid: int
    mode: Mode
    agents: int
    """Agents that were running when it was asked."""
    forced: bool
    """Whether the process had to be killed, because it did not go by itself."""


class Running:
    """The daemon that holds the claim on a state folder.

    Its pid is the one in the lock file, believed only while the lock is held and the process is a modelmuxd. The
    socket's peer would not do: of a socket that systemd made the kernel names systemd.
    """

    def __init__(self, here: Places, process: psutil.Process, patience: float) -> None:
        self._here = here
        self._patience = patience
        self.process = process
        """Remembers the start time: a reused pid is another process."""

    @classmethod
    def find(cls, here: Places, *, patience: float = ENDING) -> Running | None:
        """None when no daemon runs. Starts nothing, not even through a service manager's socket.

        `patience`: seconds it may take to start, to answer, to be gone. Raises FaultError(UNREACHABLE).
        """
        for _ in _looks(patience):
            if not _claimed(here):
                return None
            if process := _holder(here):
                return cls(here, process, patience)
        raise refuse(UNREACHABLE, f"Something holds {here.daemon_lock} and is no daemon.", "Find it with `lsof`.")

    def client(self) -> Client:
        """A greeted client. Raises FaultError when the daemon does not answer or speaks another protocol."""
        for _ in _looks(self._patience):  # it may be just starting
            if sock := connect(self._here):
                return over(sock, "cli", version=VERSION)
            if _gone(self.process):
                break
        raise refuse(UNREACHABLE, f"The daemon (pid {self.process.pid}) does not answer.", "Run `muxctl daemon stop`.")

    def facts(self) -> DaemonFacts:
        """What it tells of itself."""
        with self.client() as client:
            return client.call(FACTS, Nothing(), timeout=self._patience)

    def stop(self, mode: Mode, on_wait: Callable[[int], object] = lambda left: None) -> Stopped:
        """Returns when the process is gone and its socket removed. `on_wait` hears how many agents still run.

        Raises FaultError(UNREACHABLE) when it goes on running; with `kill` the process is killed then.
        """
        agents = self._ask(mode, on_wait)
        forced = not self._gone()
        if forced and mode != "kill":
            raise refuse(UNREACHABLE, f"The daemon (pid {self.process.pid}) still runs.", "Use --kill.")
        if forced:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.process.kill()
            self._gone()
            _tidy(self._here, self.process.pid)
        return Stopped(pid=self.process.pid, mode=mode, agents=agents, forced=forced)

    def _ask(self, mode: Mode, on_wait: Callable[[int], object]) -> int:
        try:
            with self.client() as client:
                stream = client.stream(SHUTDOWN, ShutdownParams(mode), timeout=KILLING if mode == "kill" else None)
                for event in stream:
                    on_wait(event.running)
                return stream.result.running
        except FaultError as error:
            # Too old, too new or too stuck to be asked. SIGTERM means `leave`.
            if error.fault.code not in (PROTOCOL, UNREACHABLE) or mode == "drain":
                raise
            with contextlib.suppress(psutil.NoSuchProcess):
                self.process.terminate()
            return 0

    def _gone(self) -> bool:
        return any(_gone(self.process) for _ in _looks(self._patience))


def _looks(seconds: float) -> Iterator[None]:
    """Twenty milliseconds apart, at least one."""
    deadline = time.monotonic() + seconds
    yield
    while time.monotonic() < deadline:
        time.sleep(0.02)
        yield


def _gone(process: psutil.Process) -> bool:
    """A zombie is gone: it holds nothing, and collecting it is its parent's business."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _claimed(here: Places) -> bool:
    """Whether somebody holds the daemon's lock. A daemon that starts in this very moment tries again."""
    if not os.path.exists(here.daemon_lock):
        return False
    if (lock := try_lock(here.daemon_lock)) is None:
        return True
    unlock(lock)
    return False


def _holder(here: Places) -> psutil.Process | None:
    """None while the pid is not written yet, or when it is a dead daemon's and only somebody like us holds the lock."""
    try:
        with open(here.daemon_lock, "rb") as file:
            process = psutil.Process(int(file.read(20)))
        return process if any("modelmuxd" in word for word in process.cmdline()) else None
    except (ValueError, psutil.Error, FileNotFoundError):
        return None


def _tidy(here: Places, dead: int) -> None:
    """Remove the names that a killed daemon left. Under its claim, so that no new daemon's are taken; never the socket
    of a service manager. Its last threads may hold the claim for a moment after it looks gone.
    """
    if installed():
        return
    for _ in _looks(ENDING):
        if (lock := try_lock(here.daemon_lock)) is not None:
            break
        if (holder := _holder(here)) and holder.pid != dead:
            return
    else:
        return
    for path in (here.socket, here.endpoint):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    unlock(lock)
