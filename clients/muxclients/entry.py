"""Where `muxctl` and `modelmux` start. A hot verb leaves from here before anything is imported; see `hot/pump.py`.

Only what the interpreter has loaded by itself is imported at the top, and `__future__`, which costs 0.02 of it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

INTERRUPTED = 130


def muxctl() -> int:
    """The command line. Ends the process itself after a hot verb, else gives the exit code."""
    return _run(sys.argv[1:])


def modelmux() -> int:
    """The same program; bare, in a pipe, it is the MCP server of an IDE."""
    if len(sys.argv) > 1 or (sys.stdin is not None and sys.stdin.isatty()):
        return _run(sys.argv[1:])
    return _run([], _shim)


def _run(words: list[str], what: Callable[[list[str]], int | None] | None = None) -> int:
    try:
        if not _streams_open():
            return 1
        code = (what or _hot)(words)
        if code is None:
            from muxclients.cli.main import main

            return main(words)
    except KeyboardInterrupt:
        code = INTERRUPTED
    os._exit(code)  # nothing is buffered, no thread runs: the interpreter's own end would cost a fifth of the whole


def _shim(_words: list[str]) -> int:
    from muxclients.shim import main

    return main()


def _hot(words: list[str]) -> int | None:
    """The exit code of a hot verb; None when this is for the full command line."""
    from muxclients.hot.tables import VERBS

    if not words or words[0] not in VERBS:
        return None
    from muxclients.hot.pump import run

    return run(words)


def _streams_open() -> bool:
    """A closed descriptor is taken by the next thing opened, and the answer would be written there: fill it first.

    Without a stdout there is no use in asking anything, and a task must not run for an answer that nobody gets.
    """
    closed = []
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
            closed.append(fd)
    if 1 in closed:
        os.write(2, b"error: stdout is closed\n")
    return 1 not in closed
