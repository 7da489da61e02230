"""A view that follows: holds the alternate screen while the daemon paints it; q or ^C ends, a new size asks anew.

In a pipe, and with --json, it is an ordinary call that goes on: a line per change.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from muxwire.places import places

from muxclients import caller
from muxclients.cli.rendered import ask
from muxclients.hot import pump, wire
from muxclients.link.errors import lost
from muxclients.link.reach import reach
from muxclients.link.start import connect

ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l"
KEYBOARD = 0


class Quit(Exception):
    """The user has seen enough."""


class Resized(Exception):
    """The terminal has another size: what is painted no longer fits."""


class Watched:
    """A daemon's socket whose `recv` also minds the keyboard and the terminal's size."""

    def __init__(self, sock: Any, resized: int) -> None:
        self._sock = sock
        self._resized = resized
        self._minded = [sock, resized] + ([KEYBOARD] if os.isatty(KEYBOARD) else [])
        self.sendall = sock.sendall
        self.settimeout = sock.settimeout

    def recv(self, size: int) -> bytes:
        """Raises Quit on q, ^D or a closed terminal, Resized on SIGWINCH."""
        while True:
            ready, _, _ = select.select(self._minded, (), ())
            if self._resized in ready:
                os.read(self._resized, 4096)
                raise Resized
            if KEYBOARD in ready and os.read(KEYBOARD, 64)[:1] in (b"q", b"Q", b"\x04", b""):
                raise Quit
            if self._sock in ready:
                data: bytes = self._sock.recv(size)
                return data


def follow(fields: dict[str, Any], *, json: bool) -> int:
    """Until the user or the daemon ends it. Raises FaultError(UNREACHABLE)."""
    if json or not os.isatty(1):
        return ask("live", fields, json)
    reach("cli").close()  # starts the daemon, or replaces it, before the screen is ours
    with _screen() as resized:
        while (code := _until_resized(fields, resized)) is None:
            pass
    return code


def _until_resized(fields: dict[str, Any], resized: int) -> int | None:
    """The exit code, or None when it is to be painted anew."""
    if (sock := connect(places())) is None:
        raise lost()
    with sock:
        try:
            code = pump.exchange(Watched(sock, resized), "live", fields, caller.view(json=False), any_version=True)
        except Resized:
            return None
        except Quit:
            return 0
    if code is None:
        raise lost()
    return code


@contextmanager
def _screen() -> Generator[int]:
    """The alternate screen and a keyboard without lines; gives a descriptor that has bytes when the size changed.

    Restored however this ends but by SIGKILL: SIGTERM and SIGHUP end the program the ordinary way meanwhile.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: None)
    woken = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    with _raw_keyboard():
        try:
            wire.write(1, ENTER)
            yield reader
        finally:
            wire.write(1, LEAVE)
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


@contextmanager
def _raw_keyboard() -> Generator[None]:
    """Keys come one by one and are not shown; ^C still interrupts."""
    if not os.isatty(KEYBOARD):
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(KEYBOARD)
    try:
        tty.setcbreak(KEYBOARD, termios.TCSANOW)
        yield
    finally:
        termios.tcsetattr(KEYBOARD, termios.TCSANOW, before)
