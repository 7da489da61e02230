"""The service manager above us: who it is, and the notes it wants (sd_notify(3), sd_watchdog_enabled(3)).

Silent where nobody listens, so that the same code runs in a terminal, under a client and under systemd.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping, MutableMapping
from typing import Literal

import anyio
from muxwire.places import LAUNCHD_LABEL

Supervisor = Literal["systemd", "launchd", ""]


def supervisor(env: Mapping[str, str] = os.environ) -> Supervisor:
    """Who started this process itself.

    INVOCATION_ID alone proves nothing: a shell in a terminal that systemd started inherits it. SYSTEMD_EXEC_PID
    (systemd 248) names the process it was meant for; before that NOTIFY_SOCKET has to vouch.
    """
    if "SYSTEMD_EXEC_PID" in env:
        return "systemd" if env["SYSTEMD_EXEC_PID"] == str(os.getpid()) else ""
    if "INVOCATION_ID" in env and "NOTIFY_SOCKET" in env:
        return "systemd"
    return "launchd" if env.get("XPC_SERVICE_NAME") == LAUNCHD_LABEL else ""


def journal_on_stderr(env: Mapping[str, str] = os.environ) -> bool:
    """Whether stderr leads to the journal: JOURNAL_STREAM is `device:inode` of our fd 2 (systemd.exec(5))."""
    try:
        info = os.fstat(2)
    except OSError:
        return False
    return env.get("JOURNAL_STREAM") == f"{info.st_dev}:{info.st_ino}"


class Notifier:
    """Datagrams to NOTIFY_SOCKET; a leading `@` means the abstract namespace."""

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds = watchdog_seconds
        """How long systemd waits for a sign of life before it kills us; None without a watchdog."""

    @classmethod
    def from_env(cls, env: MutableMapping[str, str] = os.environ) -> Notifier:
        """What the service manager asked for; the variables are removed, since they are meant for us alone."""
        address = env.pop("NOTIFY_SOCKET", "")
        usec, pid = env.pop("WATCHDOG_USEC", ""), env.pop("WATCHDOG_PID", "")
        wanted = usec.isdigit() and int(usec) > 0 and pid in ("", str(os.getpid()))
        return cls(address, int(usec) / 1e6 if wanted else None)

    def send(self, *lines: str) -> None:
        """Send `NAME=value` lines in one datagram. Never fails: a deaf manager must not stop the daemon."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(self._address)
            sock.send("\n".join(lines).encode())

    def ready(self, status: str) -> None:
        """We answer: start-up is over."""
        self.send("READY=1", _status(status))

    def status(self, status: str) -> None:
        """One line that `systemctl status` shows."""
        self.send(_status(status))

    def stopping(self, status: str) -> None:
        """We are about to end, on purpose."""
        self.send("STOPPING=1", _status(status))

    async def watchdog(self) -> None:
        """Signs of life at half the time allowed, sent by the loop, so that a stuck loop is noticed."""
        if not self._address or self.watchdog_seconds is None:
            return
        while True:
            self.send("WATCHDOG=1")
            await anyio.sleep(self.watchdog_seconds / 2)


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())
