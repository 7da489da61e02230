"""The daemon as a process: how it begins, what it tells, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from life_daemons import CEILING, Home, answer, until
from muxclients.link.blocking import Client, connect
from muxwire.insight import Nothing, ShutdownParams
from muxwire.methods import FACTS, SHUTDOWN
from muxwire.version import VERSION


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    value = Home(tmp_path)
    yield value
    value.clear()


def client(home: Home) -> Client:
    return connect(home.places.socket, "probe", version=VERSION)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(home: Home, number: signal.Signals) -> None:
    with home.daemon() as daemon, client(home):  # a client that just sits there holds nobody up
        daemon.send_signal(number)
        assert daemon.wait(CEILING) == 0
        assert daemon.stderr is not None
        assert daemon.stderr.read() == ""
    assert not os.path.exists(home.places.socket)
    assert not os.path.exists(home.places.endpoint)
    assert os.path.exists(home.places.daemon_lock)


def test_shutdown_answers_after_the_address_is_given_up(home: Home) -> None:
    with home.daemon() as daemon, client(home) as asking:
        result = asking.call(SHUTDOWN, ShutdownParams(), timeout=CEILING)
        assert not os.path.exists(home.places.socket)
        assert result.pid == daemon.pid
        assert daemon.wait(CEILING) == 0


def test_tells_its_facts(home: Home) -> None:
    with home.daemon() as daemon, client(home) as asking:
        facts = asking.call(FACTS, Nothing(), timeout=CEILING)
        daemon.kill()
    assert (facts.pid, facts.version, facts.state, facts.supervised) == (daemon.pid, VERSION, "running", "")
    assert (facts.socket, facts.home) == (home.places.socket, home.places.state)


def test_unsafe_state_is_refused_with_78_and_one_line(home: Home) -> None:
    os.mkdir(home.places.state)
    os.chmod(home.places.state, 0o770)
    with home.daemon(ready=False) as daemon:
        _, said = daemon.communicate(timeout=CEILING)
    assert daemon.returncode == 78
    assert said.count("\n") == 1
    assert said.startswith(f"modelmuxd: The folder {home.places.state} is open to other users (mode 770).")


def test_a_state_of_a_newer_version_is_refused_and_nobody_is_led_there(home: Home) -> None:
    """Clients must hear why, so the address is not published before all is open."""
    with home.daemon() as daemon:
        daemon.terminate()
    with closing(sqlite3.connect(home.places.database)) as database:
        database.execute("PRAGMA user_version = 9999")
    told = home.client()
    _, said = told.communicate(timeout=CEILING)
    assert "exit 78" in said
    assert "Traceback" not in Path(home.places.startup_log).read_text()
    assert sorted(os.listdir(home.places.runtime)) == ["mux.sock.lock"]


@pytest.mark.parametrize(
    ("flag", "code", "word"), [("--version", 0, VERSION), ("--help", 0, "usage"), ("--odd", 2, "--odd")]
)
def test_flags(home: Home, flag: str, code: int, word: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "modelmuxd", flag], env=home.env, capture_output=True, text=True, timeout=30, check=False
    )
    assert shown.returncode == code
    assert word in shown.stdout + shown.stderr
    assert os.listdir(home.folder) == [], "asking touches nothing"


ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", SYSTEMD_EXEC_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "modelmuxd"])
"""


def test_under_systemd_a_restart_loses_no_client(home: Home) -> None:
    """We play systemd: a socket, a notify socket, and a daemon per wave of clients."""
    os.mkdir(home.places.runtime, 0o700)
    with socket.socket(socket.AF_UNIX) as sock, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes:
        sock.bind(home.places.socket)
        sock.listen(64)
        notes.bind(str(home.folder / "n"))
        notes.settimeout(CEILING)
        home.env["NOTIFY_SOCKET"] = str(home.folder / "n")
        for _ in range(2):
            early = home.client()  # connects before there is a daemon, and waits in the socket
            daemon = subprocess.Popen(
                [sys.executable, "-c", ACTIVATE, str(sock.fileno())], env=home.env, pass_fds=[sock.fileno()]
            )
            assert notes.recv(500) == b"READY=1\nSTATUS=answers at " + home.places.socket.encode()
            assert answer(early) == daemon.pid
            with client(home) as asking:
                assert asking.call(FACTS, Nothing(), timeout=CEILING).supervised == "systemd"
            daemon.terminate()
            assert notes.recv(500).startswith(b"STOPPING=1\n")
            assert daemon.wait(CEILING) == 0
            assert os.path.exists(home.places.socket), "systemd's socket is systemd's"
    assert home.starts() == 2


def test_ignored_signals_are_not_inherited(home: Home) -> None:
    """`nohup muxctl …` must not give a daemon that cannot be ended, nor agents that cannot."""
    nohup = "import os, signal, sys; signal.signal(1, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    with subprocess.Popen([sys.executable, "-c", nohup, sys.executable, "-m", "modelmuxd"], env=home.env) as daemon:
        until(lambda: os.path.exists(home.places.socket))
        daemon.send_signal(signal.SIGHUP)
        assert daemon.wait(CEILING) == 0
