"""The MCP server of an IDE: a pump between its pipes and the daemon. Knows lines, not MCP; see `muxwire/mcp.py`.

What is kept of a line ends with the daemon's word that it is settled. So a daemon may die at any moment: the next one
gets what is not settled, and the IDE notices nothing. Without anything unsettled nobody is asked until there is.
"""

from __future__ import annotations

import os
import select
import time

from muxclients import caller
from muxclients.hot import pack
from muxclients.hot.tables import HELLO
from muxclients.hot.wire import EXIT_FAILED, Unwritable, complain, connect, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket as Socket
    from typing import Any

STDIN, STDOUT = 0, 1
CALL = 1
READ = 64 * 1024
PIECE = 256 * 1024
LONGEST = 64 * 1024 * 1024
"""Bytes of one line."""
AHEAD = 1024 * 1024
"""Bytes on their way to the daemon before the IDE has to wait."""
TRIES = 5
"""Daemons that end without a word before we give up."""
PAUSE = 0.2
"""Seconds before asking another daemon, times the tries so far."""
TOO_LONG = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"A line may have 64 MiB at most."}}\n'


def main() -> int:
    """Until the IDE is gone; the exit code."""
    try:
        return Shim().run()
    except Unwritable as error:
        return 0 if error.code != EXIT_FAILED else error.code  # an IDE that is gone needs no answers
    except Stop as stop:
        complain(f"modelmux: {stop}\n")
        return EXIT_FAILED


class Stop(Exception):
    """We cannot go on; why."""


class Line:
    """One of the IDE's, and when it came."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = time.monotonic()


class Shim:
    def __init__(self) -> None:
        self._nonce = os.urandom(16).hex()
        self._number = 0
        self._unsettled: dict[int, Line] = {}
        self._kept: dict[int, Line] = {}
        self._typed = bytearray()
        self._skipping = False
        self._over = False
        """Whether the IDE has said its last."""
        self._daemon: Daemon | None = None
        self._mute = 0
        """Daemons in a row that ended without a word."""

    def run(self) -> int:
        while True:
            if self._daemon is None and (self._unsettled or self._over):
                if self._over and not self._unsettled:
                    return 0
                self._find()
            daemon = self._daemon
            poll = select.poll()
            if not self._over and (daemon is None or len(daemon.out) < AHEAD):
                poll.register(STDIN, select.POLLIN)
            if daemon:
                poll.register(daemon.sock.fileno(), select.POLLIN | (select.POLLOUT if daemon.out else 0))
            for fd, _what in poll.poll():
                if fd == STDIN:
                    self._listen()
                elif daemon and not self._exchange(daemon):
                    return 0

    def _find(self) -> None:
        """A daemon, told all that the last one has left open."""
        if self._mute >= TRIES:
            raise Stop("the daemon ends again and again; `muxctl logs --daemon` says why")
        time.sleep(PAUSE * self._mute)
        self._mute += 1
        self._daemon = daemon = Daemon(reach(), self._nonce)
        for number, line in self._kept.items():
            daemon.feed(number, line, replay=True)
        for number, line in self._unsettled.items():
            daemon.feed(number, line)
        if self._over:
            daemon.end()

    def _listen(self) -> None:
        data = os.read(STDIN, READ)
        if not data:
            self._over = True
            if self._daemon:
                self._daemon.end()
            return
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._typed += line
            self._take()
        self._typed += rest
        if len(self._typed) > LONGEST:
            self._typed.clear()
            self._skipping = True

    def _take(self) -> None:
        """One whole line."""
        line = bytes(self._typed)
        self._typed.clear()
        if self._skipping or len(line) > LONGEST:
            self._skipping = False
            write(STDOUT, TOO_LONG)
        elif line.strip():
            self._number += 1
            self._unsettled[self._number] = kept = Line(line)
            if self._daemon:
                self._daemon.feed(self._number, kept)

    def _exchange(self, daemon: Daemon) -> bool:
        """Whether there is more to come."""
        try:
            for tag, _, *rest in daemon.exchange():
                self._mute = 0
                if tag == "event":
                    self._hear(daemon, *rest[0])
                elif tag == "need":
                    daemon.say(("supply", CALL, caller.values(rest[0])))
                elif tag == "result":
                    return False
                elif tag == "failed" and rest[0]["code"] != "draining":
                    raise Stop(f"{rest[0]['message']} {rest[0].get('hint', '')}")
        except (OSError, EOFError):
            daemon.sock.close()
            self._daemon = None
        return True

    def _hear(self, daemon: Daemon, data: bytes, more: bool, settled: int, keep: bool) -> None:
        daemon.line += data
        if daemon.line and not more:
            write(STDOUT, bytes(daemon.line) + b"\n")
            daemon.line.clear()
        if settled and (line := self._unsettled.pop(settled, None)) and keep:
            self._kept[settled] = line


class Daemon:
    """A connection to one daemon: what is on its way to it, and what has come of a frame and of a line."""

    def __init__(self, sock: Socket, nonce: str) -> None:
        self.sock = sock
        self.sock.setblocking(False)
        self.out = bytearray()
        self.line = bytearray()
        self._in = bytearray()
        self._greeted = False
        hello = pack.decode(HELLO[4:])
        self.say((*hello[:-1], "shim"))
        self.say(("call", CALL, "mcp", {"nonce": nonce, "workdir": here(), "env": caller.environment()}))

    def say(self, message: tuple[Any, ...]) -> None:
        body = pack.encode(message)
        self.out += len(body).to_bytes(4, "big") + body

    def feed(self, number: int, line: Line, *, replay: bool = False) -> None:
        age = time.monotonic() - line.at
        for start in range(0, len(line.data), PIECE):
            more = start + PIECE < len(line.data)
            self.say(("feed", CALL, number, line.data[start : start + PIECE], more, replay, age))

    def end(self) -> None:
        """The IDE has said its last."""
        self.say(("feed", CALL, 0))

    def exchange(self) -> list[list[Any]]:
        """Sends and reads as much as goes without a wait; the messages that have come. Raises EOFError at the end."""
        try:
            if self.out:
                del self.out[: self.sock.send(self.out)]
        except BlockingIOError:
            pass
        try:
            data = self.sock.recv(PIECE)
        except BlockingIOError:
            return []
        if not data:
            raise EOFError
        self._in += data
        return self._messages()

    def _messages(self) -> list[list[Any]]:
        found = []
        while len(self._in) >= 4 and len(self._in) >= (end := 4 + int.from_bytes(self._in[:4], "big")):
            message = pack.decode(bytes(self._in[4:end]))
            del self._in[:end]
            if self._greeted:
                found.append(message)
            else:
                self._greet(message)
        return found

    def _greet(self, message: list[Any]) -> None:
        if message[0] == "refused":
            raise Stop(f"{message[1]['message']} {message[1].get('hint', '')}")
        if message[0] != "welcome" or "feed" not in message[3]:
            raise Stop("the daemon is of another version; run `muxctl daemon restart`")
        self._greeted = True


def reach() -> Socket:
    """A connection to the daemon, which is started when there is none. Raises Stop."""
    from muxwire.places import places

    found = places()
    try:
        return connect(found.socket)
    except OSError:
        pass
    from muxwire.faults import FaultError

    from muxclients.link.start import ensure_daemon

    try:
        return ensure_daemon(found)
    except FaultError as error:
        raise Stop(f"{error.fault.message} {error.fault.hint}") from None


def here() -> str:
    try:
        return caller.text(os.getcwd())
    except (OSError, UnicodeDecodeError):
        return "/"
