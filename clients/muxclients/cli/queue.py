"""`muxctl queue [show|pause|resume] [PROVIDER]`."""

from __future__ import annotations

import click

from muxclients import caller
from muxclients.cli.derive import Command, json_option
from muxclients.cli.rendered import ask


def _run(action: str, provider: str, json: bool) -> int:
    return ask("queue", {"action": action, "provider": caller.text(provider)}, json)


queue = Command(
    "queue",
    params=[
        click.Argument(["action"], type=click.Choice(["show", "pause", "resume"]), default="show"),
        click.Argument(["provider"], default="", metavar="[PROVIDER]"),
        json_option(),
    ],
    callback=_run,
    help="Show what keeps runs waiting; pause and resume all, or one provider. What runs goes on.",
    examples=("muxctl queue", "muxctl queue pause codex", "muxctl queue resume"),
)
