"""Clients and daemons race, as real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest
from life_daemons import CEILING, Home, answer, gone, until
from muxclients.link.start import ATTEMPT_MARKER, connect, daemon_env, ensure_daemon
from muxwire.faults import FaultError
from muxwire.locks import try_lock, unlock
from muxwire.places import places

GOLDEN = Path(__file__).parent.parent / "store/golden/state-0.1.db"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    value = Home(tmp_path)
    yield value
    value.clear()


def test_forty_cold_clients_get_one_daemon(home: Home) -> None:
    clients = [home.client() for _ in range(40)]
    pids = {answer(client) for client in clients}
    assert pids == set(home.pids())
    assert len(pids) == 1
    assert home.starts() == 1


def test_clients_of_an_ending_daemon_get_exactly_one_new(home: Home) -> None:
    first = home.ask()
    os.kill(first, signal.SIGTERM)
    clients = [home.client() for _ in range(20)]
    pids = {answer(client) for client in clients}
    until(lambda: gone(first))
    assert pids <= {first, home.ask()}  # the quickest may still have met the first
    assert home.starts() == 2


def test_a_killed_daemon_leaves_nothing_in_the_way(home: Home) -> None:
    first = home.ask()
    os.kill(first, signal.SIGKILL)
    until(lambda: gone(first))
    assert os.path.exists(home.places.socket), "the stale socket this is about"
    second = home.ask()
    assert second != first
    assert home.pids() == [second]


def test_a_second_daemon_leaves_with_75(home: Home) -> None:
    pid = home.ask()
    second = home.daemon(ready=False)
    _, err = second.communicate(timeout=CEILING)
    assert second.returncode == 75
    assert err == f"modelmuxd: another daemon (pid {pid}) holds {home.places.daemon_lock}\n"
    assert home.ask() == pid


def test_a_daemon_that_updates_a_large_record_is_known_to(home: Home) -> None:
    os.makedirs(home.places.state, 0o700)
    copy(GOLDEN, home.places.database)
    lock = try_lock(home.places.daemon_lock)
    assert lock is not None
    try:
        second = home.daemon(ready=False)
        _, err = second.communicate(timeout=CEILING)
    finally:
        unlock(lock)
    assert second.returncode == 75
    assert " and copies and updates its record of 0 MB: ask again when that is done\n" in err
    home.ask()
    assert "modelmuxd: it copies and updates" in _text(home.places.startup_log)


def test_a_client_waits_for_a_daemon_that_still_holds_the_claim(home: Home) -> None:
    """Its own daemon finds the claim taken, leaves with 75, and the client goes on trying."""
    os.makedirs(home.places.state, 0o700)
    lock = try_lock(home.places.daemon_lock)
    assert lock is not None
    client = home.client()
    until(lambda: "another daemon" in _text(home.places.startup_log))
    unlock(lock)
    pid = answer(client)
    assert home.pids() == [pid]


def _text(path: str) -> str:
    return Path(path).read_text() if os.path.exists(path) else ""


def test_an_unusable_state_is_told_with_the_reason(home: Home) -> None:
    os.makedirs(home.places.runtime)
    os.chmod(home.places.runtime, 0o755)
    with pytest.raises(FaultError) as caught:
        ensure_daemon(home.places, env=home.env)
    fault = caught.value.fault
    assert fault.code == "unreachable"
    assert "exit 78" in fault.message
    assert "mode 755" in fault.message
    assert f"chmod 700 {home.places.runtime}" in fault.message


def test_a_daemon_that_dies_at_start_is_told_with_its_last_words(home: Home) -> None:
    os.makedirs(home.places.state, 0o700)
    os.mkdir(home.places.log)  # a log that cannot be opened
    with pytest.raises(FaultError, match=r"(?s)exit 1.*modelmuxd\.log: Is a directory"):
        ensure_daemon(home.places, env=home.env)


def test_patience_ends_while_another_client_starts(home: Home) -> None:
    os.makedirs(home.places.state, 0o700)
    lock = try_lock(home.places.spawn_lock)
    assert lock is not None
    with pytest.raises(FaultError, match="Another client is starting"):
        ensure_daemon(home.places, env=home.env, patience=0.2)
    unlock(lock)


def test_the_endpoint_leads_a_client_with_another_runtime_folder(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    runtimes = [tmp_path / "one", tmp_path / "two"]
    home = Home(tmp_path, **state, XDG_RUNTIME_DIR=str(runtimes[0]))
    del home.env["MODELMUX_HOME"]
    for folder in runtimes:
        folder.mkdir(mode=0o700)
    pid = home.ask()
    try:
        assert home.ask(XDG_RUNTIME_DIR=str(runtimes[1])) == pid
        assert not (runtimes[1] / "modelmux").exists()
        del home.env["XDG_RUNTIME_DIR"]
        assert home.ask() == pid
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_long_home_works_all_the_way(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 40))
    pid = home.ask()
    assert home.ask() == pid
    os.kill(pid, signal.SIGTERM)
    until(lambda: gone(pid))
    assert not os.path.exists(home.places.socket)
    os.unlink(home.places.socket + ".lock")


LISTEN_AS = """
import os, socket, sys
os.setgid(65534)
os.setuid(65534)
with socket.socket(socket.AF_UNIX) as sock:
    sock.bind(sys.argv[1])
    sock.listen()
    print("there", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_users_listener_is_not_talked_to(tmp_path: Path) -> None:
    here = places({"MODELMUX_HOME": str(tmp_path)})
    os.mkdir(here.runtime)
    for folder in (tmp_path, *list(tmp_path.parents)[:-2], Path(here.runtime)):
        folder.chmod(0o777)
    with subprocess.Popen(
        [sys.executable, "-S", "-c", LISTEN_AS, here.socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "there\n"
        with pytest.raises(FaultError, match="user 65534 listens"):
            connect(here)
        other.kill()


CONNECT_AS = """
import os, socket, sys
os.chdir(sys.argv[1])  # as root: the folders above are not what is tried here
os.setgid(65534)
os.setuid(65534)
sock = socket.socket(socket.AF_UNIX)
try:
    sock.connect("mux.sock")
    sock.settimeout(30)
    print(sock.recv(1))
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize(
    ("folder", "sock", "met"),
    [(0o700, 0o666, "PermissionError"), (0o755, 0o600, "PermissionError"), (0o755, 0o666, "b''")],
)
def test_another_user_meets_three_walls(home: Home, folder: int, sock: int, met: str) -> None:
    """The folder, the socket's mode, and the daemon that asks the kernel who it is and hangs up."""
    home.ask()
    os.chmod(home.places.socket, sock)
    os.chmod(home.places.runtime, folder)
    tried = subprocess.run(
        [sys.executable, "-S", "-c", CONNECT_AS, home.places.runtime],
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=True,
    )
    assert tried.stdout == f"{met}\n"


def test_nobody_there_is_none_and_leaves_no_trace(home: Home) -> None:
    assert connect(home.places) is None
    assert os.listdir(home.folder) == []
    os.mkdir(home.places.runtime)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(home.places.socket)
    assert connect(home.places) is None


def test_what_a_daemon_inherits_from_a_client() -> None:
    kept = {"HOME": "/h", "PATH": "/p", "LC_ALL": "C", "XDG_RUNTIME_DIR": "/r", "MODELMUX_HOME": "/m"}
    dropped = {"OPENAI_API_KEY": "k", "PYTHONPATH": "/x", "INVOCATION_ID": "i", "NOTIFY_SOCKET": "/n"}
    assert daemon_env(kept | dropped | {ATTEMPT_MARKER: "a"}) == kept


def test_the_daemon_stands_on_its_own(home: Home) -> None:
    pid = home.ask(SECRET_OF_THE_CLIENT="x")
    assert os.getsid(pid) == pid
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert b"SECRET_OF_THE_CLIENT" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
    assert os.readlink(f"/proc/{pid}/fd/2") == home.places.startup_log
    assert os.stat(home.places.startup_log).st_mode & 0o777 == 0o600


HEAVY = """
import sys
from muxwire.places import places
import muxclients.link.start
from muxclients.link.start import connect
connect(places())
print(sorted({"msgspec", "subprocess", "threading", "json", "logging", "pathlib", "asyncio", "anyio", "click", "typing"}
             & sys.modules.keys()))
"""


def test_looking_for_a_daemon_loads_nothing_heavy(home: Home) -> None:
    shown = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path = {sys.path!r}\n{HEAVY}"],
        env=home.env,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert shown.stdout == "['typing']\n"
