"""`muxctl costs` and `muxctl budget show`: what runs came to, and what is left."""

from __future__ import annotations

from functools import partial

import click

from muxclients.cli.derive import Command, command, json_option
from muxclients.cli.rendered import ask

costs = command(
    "costs",
    partial(ask, "costs"),
    examples=("muxctl costs", "muxctl costs --by model --days 7", "muxctl costs reprice"),
)
budget = click.Group("budget", help="Look at the budgets.")
budget.add_command(
    Command(
        "show",
        params=[json_option()],
        callback=lambda json: ask("budget", {}, json),
        help="What each budget allows, what has gone, and what is left.",
        examples=("muxctl budget show",),
    )
)
