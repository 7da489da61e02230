"""The daemon's address: published in one step, taken back before the daemon says that it ends.

Own socket: bind to a temporary name in the same folder, mode 0600, listen, then rename into place. So nobody ever sees
the name without a listener behind it or with another mode, and a stale socket is replaced without a gap. Only for the
holder of the claim: a rename takes the name from a live daemon as easily as from a dead one. The address has a claim of
its own beside it, since two state folders (two values of XDG_STATE_HOME) may mean one runtime folder.

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


class Published:
    """A listening socket and the names that lead to it."""

    def __init__(self, sock: socket.socket, path: str, endpoint: str, claim: Claim | None) -> None:
        self.sock = sock
        self.path = path
        self._endpoint = endpoint
        self._claim = claim
        self._identity = _identity(path)

    def __repr__(self) -> str:
        return f"<Published {self.path} [{'adopted' if self.adopted else 'own'}]>"

    @property
    def adopted(self) -> bool:
        """Whether the service manager owns the socket."""
        return self._claim is None

    async def listener(self) -> SocketListener:
        """The anyio listener over the socket, which it owns from here on."""
        return await SocketListener.from_socket(self.sock)

    def unpublish(self) -> None:
        """Take the names back: from here on a new client finds nobody and starts the next daemon. Idempotent.

        A socket that another daemon has put in our place meanwhile (somebody removed the lock file) is left alone.
        """
        if not self.adopted and _identity(self.path) == self._identity:
            Path(self.path).unlink(missing_ok=True)
        if _read(self._endpoint) == self.path:
            Path(self._endpoint).unlink(missing_ok=True)
        if self._claim is not None:
            self._claim.release()

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


def publish(places: Places, env: MutableMapping[str, str] = os.environ) -> Published:
    """Adopt the service manager's socket or make our own, and write the endpoint. Only for the holder of the claim.

    Blocks for a moment: call it before the event loop runs. Raises FaultError(CONFIG) when the folder is not safe or
    the handed socket is not one of ours, Busy when the daemon of another state folder has the address.
    """
    if sock := adopted_socket(env):
        published = Published(sock, os.fsdecode(sock.getsockname()), places.endpoint, None)
    else:
        path = places.socket
        private_folder(str(Path(path).parent))
        address = claim(_lock_path(path))
        published = Published(_listen(path), path, places.endpoint, address)
    _write(places.endpoint, published.path)
    return published


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


def _listen(path: str) -> socket.socket:
    # Short, so that it fits into sockaddr_un wherever the real name does; alone, since we hold the claim.
    temporary = Path(path).with_name(f".{os.getpid():x}")
    temporary.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(temporary))
        temporary.chmod(0o600)
        sock.listen(BACKLOG)
        temporary.rename(path)
    except OSError:
        sock.close()
        temporary.unlink(missing_ok=True)
        raise
    return sock


def _lock_path(path: str) -> str:
    return f"{path}.lock"


def _identity(path: str) -> tuple[int, int] | None:
    try:
        info = os.lstat(path)
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
