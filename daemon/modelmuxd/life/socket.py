"""The daemon's address: published in one step, taken back before the daemon says that it ends.

Own socket: bind to a temporary name in the same folder, mode 0600, listen; once the daemon is able to answer, rename
into place. So nobody ever sees the name without a listener behind it or with another mode, a stale socket is replaced
without a gap, and a daemon that fails to start was never there. Only for the holder of the claim: a rename takes the
name from a live daemon as easily as from a dead one. The address has a claim of its own beside it, since two state
folders (two values of XDG_STATE_HOME) may mean one runtime folder.

systemd's socket (`LISTEN_FDS`): used as it is and never unlinked; what arrives between two daemons waits in it.

`places.endpoint` names the address for clients whose environment (another XDG_RUNTIME_DIR) says otherwise.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import MutableMapping
from pathlib import Path
from typing import NamedTuple

import anyio
from anyio.abc import SocketListener
from muxwire.faults import CONFIG, refuse
from muxwire.folders import private_folder
from muxwire.places import Places

from modelmuxd.life.claim import Claim, claim

BACKLOG = 1024
"""Cold clients come in herds; the kernel caps it at net.core.somaxconn."""
FIRST_FD = 3
"""SD_LISTEN_FDS_START, sd_listen_fds(3)."""
TOUCH_SECONDS = 3600.0
"""How often a socket below /tmp is touched; systemd-tmpfiles removes what is untouched for ten days."""


class Address:
    """A listening socket, and the names that lead to it once it is published."""

    def __init__(self, sock: socket.socket, path: str, endpoint: str, own: Own | None = None) -> None:
        self.sock = sock
        self.path = path
        self._endpoint = endpoint
        self._own = own

    def __repr__(self) -> str:
        return f"<Address {self.path} [{'adopted' if self.adopted else 'own'}]>"

    @property
    def adopted(self) -> bool:
        """Whether the service manager owns the socket."""
        return self._own is None

    async def listener(self) -> SocketListener:
        """The anyio listener over the socket, which it owns from here on."""
        return await SocketListener.from_socket(self.sock)

    def publish(self) -> None:
        """Let clients find us. Those of an adopted socket wait already."""
        if self._own is not None:
            self._own.temporary.rename(self.path)
        _write(self._endpoint, self.path)

    def unpublish(self) -> None:
        """Take the names back: from here on a new client finds nobody and starts the next daemon. Idempotent; also
        right for an address that never was published.

        A socket that another daemon has put in our place meanwhile (somebody removed the lock file) is left alone.
        """
        if self._own is not None:
            for path in (self._own.temporary, Path(self.path)):
                if _identity(path) == self._own.identity:
                    path.unlink(missing_ok=True)
            self._own.claim.release()
        if _read(self._endpoint) == self.path:
            Path(self._endpoint).unlink(missing_ok=True)

    def touch(self) -> None:
        """Tell temp cleaners that the socket is in use."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self.path)
            os.utime(_lock_path(self.path))

    async def keep_fresh(self) -> None:
        """Touch the socket now and then where cleaners roam; elsewhere ends at once."""
        while self.path.startswith("/tmp/") and not self.adopted:  # noqa: S108 - a comparison
            await anyio.sleep(TOUCH_SECONDS)
            self.touch()


class Own(NamedTuple):
    """What makes a socket ours to rename and unlink."""

    claim: Claim
    temporary: Path
    identity: tuple[int, int] | None


def take_address(places: Places, env: MutableMapping[str, str] = os.environ) -> Address:
    """Adopt the service manager's socket or make our own, not published yet. Only for the holder of the claim.

    Blocks for a moment: call it before the event loop runs. Raises FaultError(CONFIG) when the folder is not safe or
    the handed socket is not one of ours, Busy when the daemon of another state folder has the address.
    """
    if sock := adopted_socket(env):
        return Address(sock, os.fsdecode(sock.getsockname()), places.endpoint)
    path = Path(places.socket)
    private_folder(str(path.parent))
    own = claim(_lock_path(places.socket))
    # Short, so that it fits into sockaddr_un wherever the real name does; alone, since we hold the claim.
    temporary = path.with_name(f".{os.getpid():x}")
    return Address(_listen(temporary), places.socket, places.endpoint, Own(own, temporary, _identity(temporary)))


def adopted_socket(env: MutableMapping[str, str]) -> socket.socket | None:
    """The one listening Unix stream socket that systemd handed to this process, if it did.

    The variables are removed, so that no child believes they are meant for it (sd_listen_fds(3), `unset_environment`).
    """
    pid, count = env.pop("LISTEN_PID", ""), env.pop("LISTEN_FDS", "")
    env.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or count in ("", "0"):
        return None
    if count != "1":
        raise refuse(CONFIG, f"systemd handed over {count} sockets; one is expected.", "Check modelmuxd.socket.")
    if not _listens(FIRST_FD):
        raise refuse(CONFIG, "systemd handed over something that is no listening Unix stream socket.", _SOCKET_HINT)
    os.set_inheritable(FIRST_FD, False)
    return socket.socket(fileno=FIRST_FD)


_SOCKET_HINT = "modelmuxd.socket needs ListenStream= with a path; run `muxctl service install` to write it anew."


def _listens(fd: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return False
        with socket.socket(fileno=os.dup(fd)) as sock:
            unix = sock.family == socket.AF_UNIX and sock.type == socket.SOCK_STREAM
            return unix and bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        path.unlink(missing_ok=True)
        raise
    return sock


def _lock_path(path: str) -> str:
    return f"{path}.lock"


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        info = path.lstat()
    except FileNotFoundError:
        return None
    return info.st_dev, info.st_ino


def _read(path: str) -> str:
    try:
        return os.fsdecode(Path(path).read_bytes()).rstrip("\n")
    except FileNotFoundError:
        return ""


def _write(path: str, text: str) -> None:
    """Atomically, 0600: a client may read at any moment."""
    temporary = Path(f"{path}.{os.getpid()}")
    temporary.touch(0o600)
    temporary.write_bytes(os.fsencode(text) + b"\n")
    temporary.replace(path)
