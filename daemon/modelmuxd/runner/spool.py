"""An attempt's folder: what the agent reads and writes, and how it ended.

    claim   made by the guard, exclusively, before it starts the agent
    in      the prompt        out, err   what the agent wrote
    who     512 bytes for the guard: its stat line, then `expired` when its deadline came; then our boot id and cgroup
    rc      the status: exit code, and how many processes the guard had to kill after the agent's end
    …       placed files

`who` and `rc` have their size before the guard starts and are written in place, which a full disk cannot refuse (ext4
and tmpfs tried; a copy-on-write file system such as btrfs may). Nothing is synced: after a power cut an attempt whose
status is missing has vanished, which is the truth.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from modelmuxd.domain.invocation import Invocation
from modelmuxd.runner import identity

HEAD = 512
"""Bytes of `who` that are the guard's."""
STATUS = 13
"""Bytes of `rc`: four for the code, eight for the count, a newline."""
OUR_NAMES = frozenset({"claim", "in", "out", "err", "who", "rc", "unplaced"})
_ABANDONED = b"abandoned\n"


class Status(msgspec.Struct, frozen=True):
    """What the folder tells."""

    guard: identity.ProcessId | None = None
    """None: nobody wrote it yet, or nobody ever will."""
    boot: str = ""
    cgroup: str = ""
    code: int | None = None
    killed: int = 0
    """Processes that the guard itself killed after the agent's end."""
    expired: bool = False
    abandoned: bool = False


def create(folder: Path, invocation: Invocation, cgroup: str = "") -> None:
    """Make the folder (0700) and its files (0600).

    Raises FileExistsError when this folder had an attempt before, ValueError for a placed file that would lie elsewhere
    or in the place of ours.
    """
    for file in invocation.files:
        if file.name in OUR_NAMES or file.name in ("", ".", "..") or "/" in file.name or "\0" in file.name:
            raise ValueError(f"a placed file cannot be called {file.name!r}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder, "in", invocation.stdin)
    for name in ("out", "err"):
        _write(folder, name, b"")
    _write(folder, "who", b"\n" * HEAD + f"{identity.boot_id()}\n{cgroup}\n".encode())
    _write(folder, "rc", b"\n" * STATUS)
    for file in invocation.files:
        _write(folder, file.name, file.content)


def claim(folder: Path) -> bool:
    """Claim the attempt for us, so that no guard starts it any more. False when somebody was first.

    A missing folder counts as claimed: no guard can start without one.
    """
    try:
        os.close(os.open(folder / "claim", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return False
    except (FileNotFoundError, NotADirectoryError):
        return True
    try:
        fd = os.open(folder / "who", os.O_WRONLY | os.O_CLOEXEC)  # in place, for a full disk
    except FileNotFoundError:
        return True
    with os.fdopen(fd, "wb") as who:
        who.write(_ABANDONED)
    return True


def read(folder: Path) -> Status:
    """What the folder tells now; blanks for whatever is missing or half-written."""
    who = _read(folder / "who")
    lines = who[:HEAD].decode(errors="replace").split("\n")
    boot, cgroup, *_ = [*who[HEAD:].decode(errors="replace").split("\n"), "", ""]
    code, killed, *_ = [*_read(folder / "rc").split(), b"", b""]
    return Status(
        guard=identity.parse_who(lines[0]),
        boot=boot,
        cgroup=cgroup,
        code=int(code) if code.isdigit() else None,
        killed=int(killed) if killed.isdigit() else 0,
        expired=lines[1:2] == ["expired"],
        abandoned=who.startswith(_ABANDONED),
    )


def tail(path: Path, size: int) -> bytes:
    """The last `size` bytes of a file, empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - size))
            return file.read(size)
    except OSError:
        return b""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _write(folder: Path, name: str, content: bytes) -> None:
    """A new file, whole or not at all: a short write on a full disk raises OSError."""
    fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
