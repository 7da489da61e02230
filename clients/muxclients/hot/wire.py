"""The socket and the terminal of a rendered call: our own frames, without msgspec, and bytes written as they come."""

from __future__ import annotations

import os
import sys

from muxclients.hot import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket as Socket
    from collections.abc import Iterator
    from typing import Any, Protocol

    class Wire(Protocol):
        """As much of a socket as a call needs."""

        def sendall(self, data: bytes, /) -> None: ...
        def recv(self, size: int, /) -> bytes: ...
        def settimeout(self, seconds: float | None, /) -> None: ...


HELLO_TIMEOUT = 5.0
"""Seconds that the daemon may take until its welcome. After it there is no bound: a run lasts as long as it lasts."""

LOOK_UP = 1.0
"""Seconds after which a wait is begun anew: a ^C that falls between Python's last look at signals and the system call
does not end that call, and would otherwise be noticed with the next byte only."""

EXIT_FAILED, EXIT_UNREACHABLE, EXIT_PIPE = 1, 5, 141
"""The last is what a shell shows for a program whose reader went away (128 + SIGPIPE)."""


def connect(path: str) -> Socket:
    """A connection to a daemon that is ours. Raises OSError."""
    from _socket import AF_UNIX, SOCK_STREAM, socket

    sock = socket(AF_UNIX, SOCK_STREAM)
    try:
        sock.settimeout(HELLO_TIMEOUT)
        sock.connect(path)
        if _owner(sock) not in (os.getuid(), 0):
            raise PermissionError("the socket belongs to another user")
    except OSError:
        sock.close()
        raise
    return sock


def _owner(sock: Socket) -> int:
    """The user that listens, as the kernel says; see muxwire/peer.py, which costs two imports more."""
    import _socket

    if sys.platform == "darwin":  # LOCAL_PEERCRED, a struct xucred; not run by us yet
        return int.from_bytes(sock.getsockopt(0, 1, 76)[4:8], sys.byteorder)
    credentials = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    return int.from_bytes(credentials[4:8], sys.byteorder)


def send(sock: Wire, message: tuple[Any, ...], *, before: bytes = b"") -> None:
    """One message; `before` goes out in the same write."""
    body = pack.encode(message)
    sock.sendall(before + len(body).to_bytes(4, "big") + body)


def messages(sock: Wire, version: str) -> Iterator[list[Any]]:
    """What follows the welcome, until the daemon hangs up.

    Raises ValueError when it is not welcome as we want it, TimeoutError when none comes in time.
    """
    held, greeted = b"", False
    while data := _receive(sock, greeted):
        held += data
        while len(held) >= 4 and len(held) >= (end := 4 + int.from_bytes(held[:4], "big")):
            message, held = pack.decode(held[4:end]), held[end:]
            if greeted:
                yield message
                continue
            if message[:2] != ["welcome", 1] or (version and message[2] != version):
                raise ValueError(message[0])
            sock.settimeout(LOOK_UP)
            greeted = True


def _receive(sock: Wire, greeted: bool) -> bytes:
    while True:
        try:
            return sock.recv(1 << 18)
        except TimeoutError:
            if not greeted:
                raise


class Unwritable(Exception):
    """Our stdout or stderr takes no more; `code` is how to end."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def write(fd: int, data: bytes) -> None:
    """All of the bytes. Raises Unwritable when the reader is gone, quietly, or when there is no room, with a word."""
    rest = memoryview(data)
    try:
        while rest:
            try:
                rest = rest[os.write(fd, rest) :]
            except BlockingIOError:  # whoever shares our terminal has made it non-blocking
                _writable(fd)
    except BrokenPipeError:
        raise Unwritable(EXIT_PIPE) from None
    except OSError as error:
        if fd != 2:
            complain(f"error: cannot write the answer: {error.strerror}\n")
        raise Unwritable(EXIT_FAILED) from None


def _writable(fd: int) -> None:
    from select import select

    select((), (fd,), ())


def complain(words: str) -> None:
    """Some words on stderr; without a reader they are lost."""
    try:  # noqa: SIM105 - contextlib costs an import
        os.write(2, words.encode())
    except OSError:
        pass
