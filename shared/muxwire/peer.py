"""Who is on the other end of a unix socket, as the kernel says. Both ends ask."""

from __future__ import annotations

import os
import socket
import struct
import sys
from typing import NamedTuple


class Peer(NamedTuple):
    """The process that connected (or that listens). `pid` is 0 where the kernel does not tell."""

    pid: int
    uid: int

    @property
    def trusted(self) -> bool:
        """Ourselves, or root, who could read our memory anyway."""
        return self.uid in (os.getuid(), 0)


def peer_of(sock: socket.socket) -> Peer:
    """Asks the kernel. Raises OSError when the socket is gone."""
    if sys.platform == "darwin":
        return _peer_on_macos(sock)
    pid, uid, _gid = struct.unpack("iII", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(pid, uid)


def _peer_on_macos(sock: socket.socket) -> Peer:
    """unix(4): LOCAL_PEERCRED gives a `struct xucred` (version, uid, …), LOCAL_PEERPID a pid. Not run by us yet."""
    sol_local, local_peercred, local_peerpid = 0, 1, 2
    _version, uid = struct.unpack_from("II", sock.getsockopt(sol_local, local_peercred, 76))
    (pid,) = struct.unpack("i", sock.getsockopt(sol_local, local_peerpid, 4))
    return Peer(pid, uid)
