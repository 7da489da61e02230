"""A cgroup v2 of its own for each agent, where one can be had: finds and kills a whole tree at once (cgroups(7)).

The guard stays outside and puts the agent inside before exec. What escapes: a process that moves itself into another
cgroup that this user may write to.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_NAME = "modelmux."


def home(mountinfo: str, own: str) -> Path | None:
    """Our own cgroup's folder, from the texts of /proc/self/mountinfo and /proc/self/cgroup.

    Only the `0::` line speaks of v2; in a hybrid layout v2 is mounted beside the v1 controllers. A daemon that was
    itself started by an agent lives in that agent's cgroup: ours is then the one above, so that nobody dies for it.
    """
    place = next((line[3:] for line in own.splitlines() if line.startswith("0::")), "")
    if not place.startswith("/") or place.startswith("/.."):
        return None
    place = place.split(f"/{_NAME}", 1)[0] or "/"
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        if rest.split(" ", 1)[0] != "cgroup2":
            continue
        root, point = (_unescape(word) for word in fields.split(" ")[3:5])
        if place == root or place.startswith(root.rstrip("/") + "/"):
            return Path(point, os.path.relpath(place, root))
    return None


def probe() -> Path | None:
    """The cgroup below which agents get theirs, or None where we may not: tried by putting a process into one."""
    try:
        base = home(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
        if base is None:
            return None
        trial = path(base, f"probe-{os.getpid()}")
        make(trial)
    except OSError:
        return None
    try:
        if not (trial / "cgroup.kill").exists():  # Linux 5.14
            return None
        put = subprocess.run(
            ["/bin/sh", "-c", 'echo 0 >"$0/cgroup.procs"', str(trial)], stderr=subprocess.DEVNULL, check=False
        )
        return base if put.returncode == 0 else None
    finally:
        remove(trial)


def marker_in(own: str) -> str:
    """The marker of the attempt whose cgroup a process is in, from the text of its /proc/PID/cgroup; empty without."""
    place = next((line[3:] for line in own.splitlines() if line.startswith("0::")), "")
    _, found, inner = place.rpartition(f"/{_NAME}")
    return inner.partition("/")[0] if found else ""


def path(base: Path, marker: str) -> Path:
    """The cgroup of one attempt."""
    return base / f"{_NAME}{marker}"


def make(folder: Path) -> None:
    """0.06 ms. Raises OSError."""
    folder.mkdir(exist_ok=True)


def members(folder: Path) -> list[int]:
    """The processes in it and below it; empty when it is gone."""
    pids: list[int] = []
    try:
        if "populated 0" in (folder / "cgroup.events").read_text():
            return pids
        for place in (folder, *(below for below in folder.rglob("*") if below.is_dir())):
            pids += map(int, (place / "cgroup.procs").read_text().split())
    except OSError:
        pass
    return pids


def cpu_seconds(folder: Path) -> float | None:
    """What all that were ever in it have computed; None when it is gone, or where the kernel does not count."""
    try:
        lines = (folder / "cpu.stat").read_text().split()
        return int(lines[lines.index("usage_usec") + 1]) / 1e6
    except (OSError, ValueError):
        return None


def kill(folder: Path) -> None:
    """SIGKILL to all in it, those being forked too. It returns before they are gone."""
    try:
        (folder / "cgroup.kill").write_text("1")
    except OSError:
        return


def remove(folder: Path) -> bool:
    """Take the empty cgroup away, and those the agent made below it. False while somebody is still in it."""
    try:
        for below in sorted(folder.glob("**/"), reverse=True):
            below.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _unescape(word: str) -> str:
    r"""mountinfo writes space, tab, newline and backslash as \ooo."""
    return word.encode("latin-1", "replace").decode("unicode_escape") if "\\" in word else word
