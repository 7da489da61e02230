from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from modelmuxd.life.supervision import Notifier, supervisor
from muxwire.places import LAUNCHD_LABEL


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(20)
        yield sock


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, ""),
        ({"INVOCATION_ID": "x"}, ""),  # a shell below a service inherits it
        ({"INVOCATION_ID": "x", "NOTIFY_SOCKET": "/n", "SYSTEMD_EXEC_PID": "1"}, ""),  # so it does these
        ({"SYSTEMD_EXEC_PID": str(os.getpid())}, "systemd"),
        ({"INVOCATION_ID": "x", "NOTIFY_SOCKET": "/n"}, "systemd"),
        ({"XPC_SERVICE_NAME": "0"}, ""),
        ({"XPC_SERVICE_NAME": LAUNCHD_LABEL}, "launchd"),
    ],
)
def test_who_started_us(env: dict[str, str], expected: str) -> None:
    assert supervisor(env) == expected


def test_tells_the_manager(manager: socket.socket) -> None:
    notifier = Notifier(manager.getsockname())
    notifier.ready("answers\non the socket")
    notifier.stopping("draining")
    assert manager.recv(100) == b"READY=1\nSTATUS=answers on the socket"
    assert manager.recv(100) == b"STOPPING=1\nSTATUS=draining"


@pytest.mark.skipif(not os.path.exists("/proc/net/unix"), reason="abstract sockets are Linux's")
def test_the_abstract_namespace() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0modelmux-{os.getpid()}")
        sock.settimeout(20)
        Notifier(f"@modelmux-{os.getpid()}").status("x")
        assert sock.recv(100) == b"STATUS=x"


def test_a_missing_or_full_manager_is_no_trouble(manager: socket.socket, tmp_path: Path) -> None:
    Notifier("").ready("x")
    Notifier(str(tmp_path / "nobody")).ready("x")
    loud = Notifier(manager.getsockname())
    for _ in range(5000):  # more than any receive queue holds; a blocking send would hang here
        loud.status("x")


@pytest.mark.parametrize(
    ("env", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_watchdog_is_for_the_process_it_names(env: dict[str, str], seconds: float | None) -> None:
    env["NOTIFY_SOCKET"] = "/n"
    assert Notifier.from_env(env).watchdog_seconds == seconds
    assert env == {}, "children must not believe that they are meant"


@pytest.mark.anyio
async def test_signs_of_life_go_on(manager: socket.socket) -> None:
    notifier = Notifier(manager.getsockname(), watchdog_seconds=0.01)
    async with anyio.create_task_group() as group:
        group.start_soon(notifier.watchdog)
        for _ in range(3):
            assert await anyio.to_thread.run_sync(manager.recv, 100) == b"WATCHDOG=1"
        group.cancel_scope.cancel()
