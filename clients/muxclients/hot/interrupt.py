"""^C while a run is followed: the first detaches, a second one soon after it cancels the run. Loaded by the first."""

from __future__ import annotations

from muxwire.places import places

from muxclients import caller
from muxclients.hot import wire
from muxclients.hot.tables import HELLO

AGAIN = 2.0
"""Seconds for a second ^C: long enough to read what the first one did, short enough not to be waited for."""
SHORT_ID = 16
"""Characters of a run id that people are shown, as in the daemon's tables."""
EXIT_INTERRUPTED = 130


def interrupted(run: str, *, cancels: bool) -> int:
    """Says what becomes of the run; `run` is empty while the daemon has not named it."""
    if cancels:
        wire.complain(f"\ninterrupted: {_named(run)} is canceled\n")
    elif not run:
        wire.complain("\ndetached: the run goes on; see `muxctl status`, end it with `muxctl cancel RUN`\n")
    else:
        return _detached(run)
    return EXIT_INTERRUPTED


def _detached(run: str) -> int:
    from time import sleep

    try:
        wire.complain(f"\ndetached: {_named(run)} goes on; ^C again within {AGAIN:g} s cancels it\n")
        wire.complain(f"→ muxctl attach {run[:SHORT_ID]}\n")
        sleep(AGAIN)
    except KeyboardInterrupt:
        return _cancel(run)
    return EXIT_INTERRUPTED


def _named(run: str) -> str:
    return f"run {run[:SHORT_ID]}" if run else "the run"


def _cancel(run: str) -> int:
    """As `muxctl cancel RUN` does. What it prints goes to stderr: stdout is the answer's, and there is none."""
    try:
        sock = wire.connect(places().socket)
        wire.send(sock, ("call", 1, "cancel", {"run_ids": [run]}, caller.view(json=False)), before=HELLO)
        for tag, _, *rest in wire.messages(sock, ""):
            if tag == "print":
                wire.write(2, rest[1])
            elif tag == "exit":
                return EXIT_INTERRUPTED
    except wire.Unwritable as error:
        return error.code
    except (OSError, ValueError, IndexError):
        pass
    wire.complain(f"error: the daemon does not answer, and {_named(run)} may go on\n  → muxctl cancel {run}\n")
    return wire.EXIT_UNREACHABLE
