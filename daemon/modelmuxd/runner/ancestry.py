"""What the system says of a process and of those above it: environment, command line, parent. Reads /proc."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from modelmuxd.runner import cgroup, identity

GENERATIONS = 64
"""Ancestors that are looked at."""


def ancestry(pid: int) -> Iterator[int]:
    """The process and those above it, the nearest first."""
    for _ in range(GENERATIONS):
        if pid <= 1:
            return
        yield pid
        pid = parent(pid)


if sys.platform == "linux":

    def environ(pid: int) -> dict[str, str]:
        """As it was started with; empty where it is not ours to read."""
        pairs = (word.decode(errors="replace").partition("=") for word in _read(pid, "environ").split(b"\0"))
        return {name: value for name, mid, value in pairs if mid}

    def attempt_by_cgroup(pid: int) -> str:
        return cgroup.marker_in(_read(pid, "cgroup").decode(errors="replace"))

    def parent(pid: int) -> int:
        fields = identity.read_stat(pid)
        return int(fields[1]) if fields else 0

    def command(pid: int) -> tuple[str, list[str]]:
        """The name that the kernel has for it, and its words."""
        words = _read(pid, "cmdline").decode(errors="replace").split("\0")
        return _read(pid, "comm").decode(errors="replace").removesuffix("\n"), words[:-1]

    def _read(pid: int, name: str) -> bytes:
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123
                return file.read()
        except OSError:
            return b""

else:  # not run on macOS yet
    import psutil

    def environ(pid: int) -> dict[str, str]:
        try:
            return psutil.Process(pid).environ()
        except psutil.Error:
            return {}

    def attempt_by_cgroup(pid: int) -> str:
        return ""

    def parent(pid: int) -> int:
        try:
            return psutil.Process(pid).ppid()
        except psutil.Error:
            return 0

    def command(pid: int) -> tuple[str, list[str]]:
        try:
            process = psutil.Process(pid)
            return process.name(), process.cmdline()
        except psutil.Error:
            return "", []
