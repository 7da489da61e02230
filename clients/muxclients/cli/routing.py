"""`muxctl routing export|import|reset`: what the router has learned."""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path

import click
from muxwire.faults import USAGE, refuse

from muxclients.cli.derive import Command, json_option
from muxclients.cli.rendered import ask

LARGEST = 16 << 20

routing = click.Group("routing", help="Keep, bring back or forget what the router has learned.")


def _export(json: bool) -> int:
    return ask("routing", {"action": "export"}, json)


def _import(file: str, json: bool) -> int:
    data = sys.stdin.buffer.read(LARGEST) if file == "-" else _read(file)
    try:
        found = json_module.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise refuse(USAGE, f"{file} holds no JSON object.", "Give what `muxctl routing export` wrote.")
    return ask("routing", {"action": "import", "knowledge": found}, json)


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()[:LARGEST]
    except OSError as error:
        raise refuse(USAGE, f"{file} cannot be read: {error.strerror}.", "Name another file, or - for stdin.") from None


def _reset(yes: bool, json: bool) -> int:
    if not yes:
        if json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise refuse(USAGE, "What was learned would be forgotten, and nobody can be asked here.", "Add --yes.")
        click.confirm("Forget all that the router has learned?", abort=True, err=True)
    return ask("routing", {"action": "reset"}, json)


routing.add_command(
    Command(
        "export",
        params=[json_option()],
        callback=_export,
        help="Print all that is known, as JSON.",
        examples=("muxctl routing export > known.json",),
    )
)
routing.add_command(
    Command(
        "import",
        params=[click.Argument(["file"]), json_option()],
        callback=_import,
        help="Go on from what was exported, in place of what is known.",
        examples=("muxctl routing import known.json",),
    )
)
routing.add_command(
    Command(
        "reset",
        params=[click.Option(["-y", "--yes"], is_flag=True, help="Do not ask."), json_option()],
        callback=_reset,
        help="Forget everything. Runs, ratings and benchmarks stay on record.",
        examples=("muxctl routing reset",),
    )
)
