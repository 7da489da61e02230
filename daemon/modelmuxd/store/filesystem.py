"""Which file system a folder is on. SQLite's WAL needs shared memory and honest locks, which network mounts lack.

Source: sqlite.org/wal.html ("does not work over a network filesystem"), proc(5) for mountinfo.
Linux only: elsewhere the check passes, and SQLite itself refuses WAL where it can tell.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from muxwire.faults import CONFIG, refuse

MOUNTS = Path("/proc/self/mountinfo")

NETWORK = (
    frozenset({"9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "drvfs", "fuse.ceph", "fuse.davfs2"})
    | {"fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre"}
    | {"ncpfs", "nfs", "nfs4", "orangefs", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "vmhgfs"}
)
"""Types with the server on another machine, or on the other side of a virtual machine's wall."""

_ESCAPE = re.compile(r"\\([0-7]{3})")


def refuse_network_folder(folder: Path, *, mounts: Path = MOUNTS) -> None:
    """Raises FaultError(CONFIG) when `folder` is on a network file system."""
    try:
        table = mounts.read_text(errors="surrogateescape")
    except OSError:
        return
    kind = kind_of(os.path.realpath(folder), table)
    if kind in NETWORK:
        raise refuse(
            CONFIG,
            f"The state folder {folder} is on a network file system ({kind}), where a database can be damaged.",
            "Set MODELMUX_HOME to a folder on a local disk.",
        )


def kind_of(path: str, mountinfo: str) -> str:
    """The type of the file system that holds the absolute `path`; empty when no mount does."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = _ESCAPE.sub(lambda code: chr(int(code[1], 8)), fields[4])
        # A later line hides an earlier one on the same mount point, so equal length wins as well.
        if len(point) >= len(best) and _holds(point, path):
            best, kind = point, after.split(" ", 1)[0]
    return kind


def _holds(point: str, path: str) -> bool:
    return point == "/" or path == point or path.startswith(f"{point}/")
