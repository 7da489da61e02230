"""Questions at a terminal, answered by arrow keys, digits or a letter. POSIX terminals only."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

UP, DOWN, ENTER, STOP = "up", "down", "enter", "stop"
_KEYS = {"\x1b[A": UP, "\x1bOA": UP, "k": UP, "\x1b[B": DOWN, "\x1bOB": DOWN, "j": DOWN, "\r": ENTER, "\n": ENTER}
_STOPS = ("\x03", "\x04", "\x1b", "q", "")
_ONE = re.compile(r"\x1b[\[O][0-9;]*[A-Za-z~]|.", re.DOTALL)
"""What one key sends: an arrow, or a character."""
_typed: list[str] = []


def choose(question: str, options: Sequence[str], default: int = 0) -> int:
    """The index of the option taken. Raises KeyboardInterrupt when the user stops."""
    print(f"{question}  (↑ ↓ Enter)")
    at = default
    with _raw():
        _draw(options, at)
        while (key := read_key()) != ENTER:
            if key == STOP:
                raise KeyboardInterrupt
            if key.isdigit() and 0 < int(key) <= len(options):
                at = int(key) - 1
            elif key in (UP, DOWN):
                at = (at + (1 if key == DOWN else -1)) % len(options)
            sys.stdout.write(f"\x1b[{len(options)}A")
            _draw(options, at)
    return at


def confirm(question: str, *, default: bool = True) -> bool:
    """Yes or no. Raises KeyboardInterrupt when the user stops."""
    sys.stdout.write(f"{question} [{'Y/n' if default else 'y/N'}] ")
    sys.stdout.flush()
    with _raw():
        while True:
            key = read_key()
            if key == STOP:
                raise KeyboardInterrupt
            if key.lower() in ("y", "n") or key == ENTER:
                break
    answer = default if key == ENTER else key.lower() == "y"
    print("yes" if answer else "no")
    return answer


def read_key() -> str:
    """UP, DOWN, ENTER, STOP or the character. What was typed ahead is kept for the next question."""
    if not _typed:
        _typed.extend(_ONE.findall(os.read(0, 64).decode(errors="replace")) or [""])
    key = _typed.pop(0)
    return STOP if key in _STOPS else _KEYS.get(key, key)


def _draw(options: Sequence[str], at: int) -> None:
    for index, option in enumerate(options):
        sys.stdout.write(f"\r\x1b[K{'›' if index == at else ' '} {option}\r\n")
    sys.stdout.flush()


@contextmanager
def _raw() -> Generator[None]:
    """Keys as they are typed; the terminal is left as it was."""
    import termios
    import tty

    before = termios.tcgetattr(0)
    try:
        tty.setraw(0, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
