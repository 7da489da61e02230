"""A daemon that follows a script on a real socket, for what a healthy one never does."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from muxwire.framing import FrameReader, frame
from muxwire.protocol import FromClient, Welcome

WELCOME = Welcome(1, "9.9", ("view", "chunk", "need"), 1)


class Script:
    """The daemon's side of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.frames = FrameReader()

    def hear(self) -> Any:
        """The client's next message; None when it has hung up."""
        while not self.frames.ready:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.frames.feed(data)
        return msgspec.msgpack.decode(next(self.frames), type=FromClient)

    def say(self, *messages: Any) -> None:
        self.sock.sendall(b"".join(frame(msgspec.msgpack.encode(message)) for message in messages))

    def welcome(self) -> None:
        self.hear()
        self.say(WELCOME)


@contextmanager
def following(script: Callable[[Script], object]) -> Iterator[str]:
    """The path of a socket where the first client meets this script; it hangs up when the script ends."""
    failures: list[BaseException] = []

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(20)
            try:
                script(Script(connection))
            except BaseException as error:
                failures.append(error)

    with tempfile.TemporaryDirectory(prefix="mux") as folder, socket.socket(socket.AF_UNIX) as listener:
        path = str(Path(folder, "s"))
        listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield path
        thread.join(20)
        assert not thread.is_alive()
        if failures:
            raise failures[0]
