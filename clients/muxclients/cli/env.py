"""`muxctl env [show|refresh]`: the login shell's environment, as the daemon has it."""

from __future__ import annotations

import click

from muxclients.cli.derive import Command, json_option
from muxclients.cli.rendered import ask


def _run(action: str, json: bool) -> int:
    return ask("env", {"action": action}, json)


env = Command(
    "env",
    params=[click.Argument(["action"], type=click.Choice(["show", "refresh"]), default="show"), json_option()],
    callback=_run,
    help="The variables that the login shell gives to runs without a terminal, by name. `refresh` asks it again.",
    examples=("muxctl env", "muxctl env refresh"),
)
