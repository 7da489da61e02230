"""The contract of named pipes. Runs only where Windows is; written without one."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

if sys.platform != "win32":
    pytest.skip("named pipes are Windows' own; none was at hand", allow_module_level=True)

from muxwire.pipes_windows import PipeListener, PipeStream, connect, pipe_name


@pytest.fixture
def name(tmp_path: Any) -> str:
    return pipe_name(str(tmp_path))


def served(listener: PipeListener) -> tuple[PipeStream, PipeStream]:
    """Both ends of a new connection."""
    accepted: list[PipeStream | None] = []
    thread = threading.Thread(target=lambda: accepted.append(listener.accept()))
    thread.start()
    client = connect(listener.name)
    thread.join(20)
    assert client is not None
    assert accepted
    assert accepted[0] is not None
    return client, accepted[0]


def test_bytes_go_both_ways_at_once(name: str) -> None:
    client, server = served(PipeListener(name))
    reading: list[bytes] = []
    thread = threading.Thread(target=lambda: reading.append(client.receive()))
    thread.start()  # a pending read must not hold up our writing
    client.send(b"ask")
    assert server.receive() == b"ask"
    server.send(b"answer")
    thread.join(20)
    assert reading == [b"answer"]


def test_hanging_up_is_an_end(name: str) -> None:
    client, server = served(PipeListener(name))
    client.close()
    assert server.receive() == b""
    with pytest.raises(BrokenPipeError):
        server.send(b"x")


def test_nobody_there_is_none(name: str) -> None:
    assert connect(name) is None


def test_a_name_has_one_owner(name: str) -> None:
    listener = PipeListener(name)
    with pytest.raises(FileExistsError):
        PipeListener(name)
    listener.close()


def test_closing_ends_the_wait(name: str) -> None:
    listener = PipeListener(name)
    accepted: list[PipeStream | None] = []
    thread = threading.Thread(target=lambda: accepted.append(listener.accept()))
    thread.start()
    listener.close()
    thread.join(20)
    assert accepted == [None]


def test_homes_do_not_share_a_name() -> None:
    assert pipe_name(r"C:\Users\a") != pipe_name(r"C:\Users\b")
