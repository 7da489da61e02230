"""Real daemons and real clients in a private home, for tests of how they find each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
from muxwire.places import places

CEILING = 30.0
"""Seconds that anything here may take on a machine with other things to do."""

CLIENT = """
import sys
from muxclients.link.reach import reach
from muxwire.insight import Nothing
from muxwire.methods import PING
with reach("probe") as client:
    print(client.call(PING, Nothing(), timeout=30).pid)
"""


def until(fact: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + CEILING
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


class Home:
    """A MODELMUX_HOME and everything that runs in it."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        self.env = {**os.environ, "MODELMUX_HOME": str(folder), **more}
        self.places = places(self.env)

    def daemon(self, *flags: str, env: Mapping[str, str] = {}, ready: bool = True) -> subprocess.Popen[str]:
        """A daemon started by hand; by default one that already answers."""
        process = subprocess.Popen(
            [sys.executable, "-m", "modelmuxd", *flags],
            env={**self.env, **env},
            stderr=subprocess.PIPE,
            text=True,
        )
        if ready:
            until(lambda: os.path.exists(self.places.socket) or process.poll() is not None)
        return process

    def client(self, code: str = CLIENT, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, **env: str) -> int:
        """The pid of the daemon that answers a cold client."""
        return answer(self.client(**env))

    def pids(self) -> list[int]:
        """Daemons that run in this home."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            if "modelmuxd" in (process.info["cmdline"] or []):
                try:
                    if process.environ().get("MODELMUX_HOME") == str(self.folder):
                        found.append(process.pid)
                except psutil.Error:
                    continue
        return found

    def starts(self) -> int:
        """How many daemons have ever answered here."""
        log = Path(self.places.log)
        return log.read_text().count('"action":"start"') if log.exists() else 0

    def clear(self) -> None:
        """End what is left."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        until(lambda: not self.pids())


def answer(client: subprocess.Popen[str]) -> int:
    """What a client that must succeed without a word printed."""
    out, err = client.communicate(timeout=CEILING * 2)
    assert (client.returncode, err) == (0, "")
    return int(out)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
