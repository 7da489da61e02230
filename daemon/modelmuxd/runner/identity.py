"""Which process is meant: boot id, pid and raw start ticks (proc(5), field 22), never wall time."""

from __future__ import annotations

import os
import signal
import sys
import time

import msgspec


class ProcessId(msgspec.Struct, frozen=True):
    """A process of this boot. `ticks` None where there is no /proc."""

    pid: int
    ticks: int | None = None


def boot_id() -> str:
    """The kernel's name for this boot; empty where it has none."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:  # noqa: PTH123 - a hot path
            return file.read().strip()
    except OSError:
        return ""


def parse_stat(line: str) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may itself hold spaces and brackets; [0] is field 3."""
    return line[line.rfind(")") + 2 :].split()


def parse_who(line: str) -> ProcessId | None:
    """What a guard wrote of itself: its whole stat line, or its pid alone; None for anything else."""
    try:
        pid = int(line.split(maxsplit=1)[0])
        fields = parse_stat(line) if ")" in line else []
        return ProcessId(pid, int(fields[19]) if fields else None)
    except (IndexError, ValueError):
        return None


def read_stat(pid: int) -> list[str] | None:
    """Fields 3 and on of a process, None when it is gone. About 30 µs."""
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:  # noqa: PTH123
            return parse_stat(file.read())
    except OSError:
        return None


def of(pid: int) -> ProcessId:
    """The process that has this pid now."""
    fields = read_stat(pid)
    return ProcessId(pid, int(fields[19]) if fields else None)


def age(who: ProcessId) -> float | None:
    """Seconds since it was started, by the boot clock; None where that cannot be known."""
    if who.ticks is None or sys.platform != "linux":
        return None
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - who.ticks / os.sysconf("SC_CLK_TCK"))


def is_running(who: ProcessId, marker: str = "") -> bool:
    """Whether this very process still runs; a zombie does not."""
    fields = read_stat(who.pid)
    if fields is not None:
        return fields[0] not in "ZX" and (who.ticks is None or int(fields[19]) == who.ticks)
    return sys.platform != "linux" and carries(who.pid, marker)


def carries(pid: int, marker: str) -> bool:
    """Where there are no start ticks, a guard is known by the marker in its environment. Not run on macOS yet."""
    import psutil

    try:
        return marker != "" and marker in psutil.Process(pid).environ().values()
    except psutil.Error:
        return False


def open_pidfd(who: ProcessId) -> int | None:
    """A descriptor that becomes readable when the process ends; None where there are none, or when it is gone.

    The ticks are compared after opening: only then can the pid no longer come to mean another process.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        fd = os.pidfd_open(who.pid)
    except OSError:
        return None
    fields = read_stat(who.pid)
    if fields is None or (who.ticks is not None and int(fields[19]) != who.ticks):
        os.close(fd)
        return None
    return fd


def send(who: ProcessId, number: signal.Signals) -> bool:
    """The signal to this very process and no successor of its pid; False when it is gone or not ours to signal."""
    fd = open_pidfd(who)
    try:
        if fd is not None:
            signal.pidfd_send_signal(fd, number)
        elif not hasattr(os, "pidfd_open") and is_running(who):
            os.kill(who.pid, number)
        else:
            return False
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        if fd is not None:
            os.close(fd)
    return True
