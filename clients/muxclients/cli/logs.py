"""`muxctl logs`: a run's events from the daemon, or the daemon's own log from its file."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import click

from muxclients.cli.derive import Command, given, parameters, verb_of
from muxclients.cli.rendered import ask
from muxclients.hot import wire

LAST_LINES = 1000
LOOK_EVERY = 0.5
"""Seconds between two looks at a followed file: there is no portable way to be told."""


def run(*, json: bool, daemon: bool, run_id: str | None, follow: bool, **typed: Any) -> int:
    if daemon == (run_id is not None):
        raise click.UsageError("Name a run, or say --daemon.", click.get_current_context())
    if daemon:
        return _daemon_log(follow=follow, json=json)
    return ask("watch", given(verb_of("watch"), {"run_id": run_id, "follow": follow, **typed}), json)


def _daemon_log(*, follow: bool, json: bool) -> int:
    from muxwire.places import places

    for line in _lines(places().log, follow=follow):
        wire.write(1, _as_json(line) if json else line)
    return 0


def _lines(path: str, *, follow: bool) -> Iterator[bytes]:
    """The last lines of a file, then those that are added; a new file of the same name is read from its start."""
    file = open(path, "rb")  # noqa: SIM115 - it is replaced when the log is rotated
    try:
        yield from deque(file, LAST_LINES)
        while follow:
            while line := file.readline():
                yield line
            if _replaced(path, file.fileno()):
                file.close()
                file = open(path, "rb")  # noqa: SIM115
            else:
                time.sleep(LOOK_EVERY)
    finally:
        file.close()


def _replaced(path: str, fd: int) -> bool:
    try:
        return not os.path.samestat(os.stat(path), os.fstat(fd))
    except FileNotFoundError:  # between the old file's going and the new one's coming
        return False


def _as_json(line: bytes) -> bytes:
    import json

    return json.dumps({"type": "log", "text": line.decode("utf-8", "replace").rstrip("\n")}).encode() + b"\n"


def _parameters() -> list[click.Parameter]:
    """Those of `watch`, where the run may be left out for the daemon's log."""
    made = parameters(verb_of("watch"))
    made[0] = click.Argument(["run_id"], required=False, metavar="[RUN]")
    made.insert(1, click.Option(["--daemon"], is_flag=True, help="The daemon's own log."))
    return made


logs = Command(
    "logs",
    callback=run,
    params=_parameters(),
    help="Show a run's events, or the daemon's log.",
    examples=("muxctl logs -f 01kak3", "muxctl logs --daemon -f"),
)
