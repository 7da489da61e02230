"""`muxctl help [TOPIC]`."""

from __future__ import annotations

import click

from muxclients.cli.derive import Command, json_option

ENVIRONMENT = {
    "MODELMUX_HOME": "one folder for configuration, state and socket, in place of the usual ones",
    "NO_COLOR": "set: no colour",
    "FORCE_COLOR": "set: colour, also in a pipe",
    "COLUMNS": "the width to print for",
}


def topics_callback(topic: str | None, json: bool) -> int:
    if topic is None:
        parent = click.get_current_context().parent
        click.echo(parent.get_help() if parent else "")
        return 0
    rows = _rows(topic)
    if json:
        import json as json_module

        click.echo(json_module.dumps(dict(rows), ensure_ascii=False))
        return 0
    width = max(len(name) for name, _ in rows)
    click.echo("\n".join(f"{name:>{width}}  {meaning}" for name, meaning in rows))
    return 0


def _rows(topic: str) -> list[tuple[str, str]]:
    if topic == "environment":
        from muxwire.settings.environment import VARIABLES

        return [*ENVIRONMENT.items(), *((one.name, one.help) for one in VARIABLES)]
    from muxwire.exits import TABLE

    return [(str(code), meaning) for code, meaning in TABLE]


topics = Command(
    "help",
    callback=topics_callback,
    params=[click.Argument(["topic"], required=False, type=click.Choice(["exit-codes", "environment"])), json_option()],
    help="Explain a topic, or list the commands.",
    examples=("muxctl help exit-codes",),
)
