from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from modelmuxd.life.claim import Busy
from modelmuxd.life.socket import Address, take_address
from muxwire.faults import FaultError
from muxwire.places import MAX_SOCKET_PATH, Places, places


@pytest.fixture
def here(tmp_path: Path) -> Places:
    found = places({"MODELMUX_HOME": str(tmp_path)})
    Path(found.state).mkdir(mode=0o700)
    return found


@pytest.fixture
def published(here: Places) -> Iterator[Address]:
    value = publish(here)
    yield value
    value.unpublish()
    value.sock.close()


def publish(here: Places) -> Address:
    address = take_address(here, {})
    address.publish()
    return address


def connects(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


def test_is_published_private_and_named(here: Places, published: Address) -> None:
    assert stat.S_IMODE(os.stat(here.socket).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(here.runtime).st_mode) == 0o700
    assert Path(here.endpoint).read_text() == here.socket + "\n"
    assert stat.S_IMODE(os.stat(here.endpoint).st_mode) == 0o600
    assert sorted(os.listdir(here.runtime)) == ["mux.sock", "mux.sock.lock"], "no temporary name is left"
    assert connects(here.socket)


def test_nobody_finds_an_address_that_is_not_published(here: Places) -> None:
    address = take_address(here, {})
    assert not os.path.exists(here.socket)
    assert not os.path.exists(here.endpoint)
    address.unpublish()
    address.sock.close()
    assert os.listdir(here.runtime) == ["mux.sock.lock"], "what never was published leaves nothing either"


def test_mode_is_right_at_first_sight(here: Places) -> None:
    """A watcher looks while sockets come and go, under the laxest umask; it must never see another mode."""
    seen: set[int] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            try:
                seen.add(stat.S_IMODE(os.stat(here.socket).st_mode))
            except FileNotFoundError:
                continue

    old = os.umask(0)
    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(200):
            one = publish(here)
            one.unpublish()
            one.sock.close()
        while not seen:
            last = publish(here)
            last.sock.close()
            last.unpublish()
    finally:
        os.umask(old)
        done.set()
        watcher.join()
    assert seen == {0o600}


def test_a_stale_socket_is_replaced(here: Places) -> None:
    os.mkdir(here.runtime, 0o700)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(here.socket)
    assert not connects(here.socket)
    fresh = publish(here)
    assert connects(here.socket)
    fresh.unpublish()
    fresh.sock.close()


def test_unpublish_takes_both_names_back(here: Places, published: Address) -> None:
    published.unpublish()
    published.unpublish()
    assert not os.path.exists(here.socket)
    assert not os.path.exists(here.endpoint)


def test_unpublish_leaves_a_successors_socket_alone(here: Places, published: Address) -> None:
    os.unlink(here.socket + ".lock")  # the way in which two can come to hold one address
    successor = publish(here)
    published.unpublish()
    assert connects(here.socket)
    successor.unpublish()
    successor.sock.close()
    assert not os.path.exists(here.socket)


def test_another_state_folder_cannot_steal_the_address(here: Places, published: Address, tmp_path: Path) -> None:
    other = Places(here.config, str(tmp_path / "other"), here.runtime)
    os.mkdir(other.state)
    with pytest.raises(Busy):
        publish(other)
    assert connects(here.socket)
    assert not os.path.exists(other.endpoint)


def test_an_unsafe_folder_is_refused(here: Places) -> None:
    os.mkdir(here.runtime)
    os.chmod(here.runtime, 0o755)
    with pytest.raises(FaultError, match="mode 755"):
        publish(here)
    assert os.listdir(here.runtime) == []


def test_a_long_path_falls_back_to_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * MAX_SOCKET_PATH)
    here = places({"MODELMUX_HOME": str(deep)})
    os.makedirs(here.state, 0o700)
    one = publish(here)
    assert len(os.fsencode(one.path)) <= MAX_SOCKET_PATH
    assert stat.S_IMODE(os.stat(os.path.dirname(one.path)).st_mode) == 0o700
    assert connects(one.path)
    one.touch()
    one.unpublish()
    one.sock.close()
    os.unlink(one.path + ".lock")
    assert not os.path.exists(one.path)


@pytest.mark.parametrize("size", [MAX_SOCKET_PATH - 1, MAX_SOCKET_PATH])
def test_the_longest_path_that_fits_is_used_as_it_is(tmp_path: Path, size: int) -> None:
    folder = str(tmp_path) + "/" + "x" * (size - len(str(tmp_path)) - len("//mux.sock"))
    here = Places(str(tmp_path), str(tmp_path), folder)
    assert here.socket == f"{folder}/mux.sock"
    assert len(here.socket) == size
    one = publish(here)
    assert connects(here.socket)
    one.unpublish()
    one.sock.close()


ADOPT = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
from modelmuxd.life.socket import take_address
from muxwire.places import places
found = take_address(places())
found.publish()
found.unpublish()
print(found, sorted(name for name in os.environ if name.startswith("LISTEN_")))
found.sock.accept()[0].sendall(b"hello")
"""


def adopting(tmp_path: Path, handed: socket.socket, count: str = "1") -> subprocess.CompletedProcess[str]:
    """What systemd does: descriptor 3 and the variables."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", ADOPT, str(handed.fileno())],
        env={**os.environ, "LISTEN_FDS": count, "MODELMUX_HOME": str(tmp_path)},
        pass_fds=[handed.fileno()],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_systemds_socket_is_adopted_and_never_unlinked(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as handed, socket.socket(socket.AF_UNIX) as client:
        handed.bind(str(path))
        handed.listen()
        client.connect(str(path))  # waits in the socket until the daemon is there
        result = adopting(tmp_path, handed)
        assert result.stderr == ""
        assert result.stdout == f"<Address {path} [adopted]> []\n"
        assert client.recv(5) == b"hello"
        assert path.exists()


def test_a_socket_that_does_not_listen_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as handed:
        result = adopting(tmp_path, handed)
    assert "no listening Unix stream socket" in result.stderr


def test_a_tcp_socket_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET) as handed:
        handed.listen()
        result = adopting(tmp_path, handed)
    assert "no listening Unix stream socket" in result.stderr


def test_two_sockets_are_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as handed:
        result = adopting(tmp_path, handed, "2")
    assert "handed over 2 sockets" in result.stderr


def test_variables_meant_for_another_process_are_ignored_and_removed(here: Places) -> None:
    env = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "x"}
    one = take_address(here, env)
    assert not one.adopted
    assert env == {}
    one.unpublish()
    one.sock.close()


@pytest.mark.anyio
async def test_the_listener_accepts(here: Places) -> None:
    one = publish(here)
    async with await one.listener() as listener:
        client = socket.socket(socket.AF_UNIX)
        client.connect(here.socket)
        async with await listener.accept() as stream:
            await stream.send(b"x")
            assert client.recv(1) == b"x"
        client.close()
    one.unpublish()
