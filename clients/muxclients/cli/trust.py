"""`muxctl trust [FOLDER]`: let a project's own settings name commands, addresses and keys."""

from __future__ import annotations

import os

import click

from muxclients import caller
from muxclients.cli.derive import Command, json_option
from muxclients.cli.rendered import ask


def _run(folder: str, remove: bool, list_: bool, json: bool) -> int:
    action = "list" if list_ else "remove" if remove else "add"
    return ask("trust", {"action": action, "folder": caller.text(os.path.abspath(folder))}, json)


trust = Command(
    "trust",
    params=[
        click.Argument(["folder"], default=".", metavar="[FOLDER]"),
        click.Option(["--remove"], is_flag=True, help="Trust it no longer."),
        click.Option(["list_", "--list"], is_flag=True, help="Show what is trusted."),
        json_option(),
    ],
    callback=_run,
    help="Trust what a project's .modelmux/profiles.toml says now; after a change it is to be trusted again.",
    examples=("muxctl trust", "muxctl trust --list"),
)
