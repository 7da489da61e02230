"""`muxctl export`: to stdout, or into a file that only its user may read."""

from __future__ import annotations

import os
from typing import Any

import click
from muxwire.faults import USAGE, refuse

from muxclients.cli.derive import Command, given, parameters, verb_of
from muxclients.cli.rendered import ask


def _run(*, json: bool, output: str | None, **typed: Any) -> int:
    fields = given(verb_of("export"), typed)
    if output is not None:
        _into(output)
    return ask("export", fields, json)


def _into(path: str) -> None:
    """What is printed from here on goes there."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise refuse(USAGE, f"{path} cannot be written: {error.strerror}.", "Name another file.") from None
    os.dup2(file, 1)
    os.close(file)


export = Command(
    "export",
    params=[*parameters(verb_of("export")), click.Option(["-o", "--output"], metavar="FILE", help="Write it there.")],
    callback=_run,
    help="Write what has ended as CSV, JSON, JSON lines or Markdown, with the filters of `muxctl history`.",
    examples=("muxctl export --since 30d > runs.csv", "muxctl export -f jsonl -p codex -o codex.jsonl"),
)
