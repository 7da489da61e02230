"""The real program on a pseudo-terminal, as a person has it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli_stage import Daemon, environment, script

PATIENCE = 20.0


class Terminal:
    """A program whose stdin and stdout are a terminal; its stderr is a pipe."""

    def __init__(self, stage: Daemon, words: tuple[str, ...], env: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        self.resize(80, 24)
        self.shown = b""
        self.said = b""
        around = environment(stage, **{"TERM": "xterm", **env})
        pipe = subprocess.PIPE
        self.program = subprocess.Popen([script(), *words], stdin=slave, stdout=slave, stderr=pipe, env=around)
        os.close(slave)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def until(self, words: bytes) -> bytes:
        """Everything shown up to those words, which are then forgotten."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.shown:
            left = deadline - time.monotonic()
            assert left > 0, self.shown
            assert self._read(left), self.shown
        before, _, self.shown = self.shown.partition(words)
        return before + words

    def until_said(self, words: bytes) -> None:
        """Waits for those words on stderr."""
        assert self.program.stderr
        while words not in self.said:
            assert select.select([self.program.stderr], [], [], PATIENCE)[0], self.said
            data = os.read(self.program.stderr.fileno(), 65536)
            assert data, self.said
            self.said += data

    def end(self) -> tuple[int, bytes, bytes]:
        """Exit code, what was shown since, stderr."""
        while self._read(PATIENCE):
            pass
        _, errors = self.program.communicate(timeout=PATIENCE)
        return self.program.returncode, self.shown, self.said + errors

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux: EIO when the last one has closed the other side
            return False
        self.shown += data
        return bool(data)


@contextmanager
def on_terminal(stage: Daemon, *words: str, **env: str) -> Iterator[Terminal]:
    terminal = Terminal(stage, words, env)
    try:
        yield terminal
    finally:
        if terminal.program.poll() is None:
            terminal.program.kill()
            terminal.program.communicate()
        os.close(terminal.master)
