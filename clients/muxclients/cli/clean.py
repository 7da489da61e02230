"""`muxctl clean`: tells what would go, asks, and has it taken away."""

from __future__ import annotations

import sys
from typing import Any

import click
from muxwire.faults import USAGE, refuse
from muxwire.retention import KEPT

from muxclients.cli.derive import Command, given, parameters, verb_of
from muxclients.cli.rendered import ask


def _run(*, json: bool, yes: bool, **typed: Any) -> int:
    fields = given(verb_of("clean"), typed)
    if yes or typed["dry_run"]:
        return ask("clean", fields, json)
    if json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise refuse(USAGE, "What is cleaned away is gone, and nobody can be asked here.", "Add --yes, or --dry-run.")
    if code := ask("clean", {**fields, "dry_run": True}, False):
        return code
    click.confirm("Take it away?", abort=True, err=True)
    return ask("clean", fields, json)


_WHAT, *_OPTIONS = parameters(verb_of("clean"))
_WHAT.type = click.Choice(KEPT)

clean = Command(
    "clean",
    params=[_WHAT, *_OPTIONS, click.Option(["-y", "--yes"], is_flag=True, help="Do not ask.")],
    callback=_run,
    help="Take away what is old: outputs, events or whole runs. Asks first; sums in the statistics stay.",
    examples=("muxctl clean --older-than 30d --dry-run", "muxctl clean outputs events --older-than 8w"),
)
