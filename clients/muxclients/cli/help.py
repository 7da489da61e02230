"""`muxctl help [TOPIC]`: a topic, a command, or the list of commands."""

from __future__ import annotations

import click

from muxclients.cli.derive import Command, json_option
from muxclients.cli.names import COMMANDS

ENVIRONMENT = {
    "MODELMUX_HOME": "one folder for configuration, state and socket, in place of the usual ones",
    "NO_COLOR": "set: no colour",
    "FORCE_COLOR": "set: colour, also in a pipe",
    "COLUMNS": "the width to print for",
}
TOPICS = ("exit-codes", "environment")


def run(topic: str | None, json: bool) -> int:
    if topic in TOPICS:
        _print(_rows(topic), json=json)
    else:
        click.echo(_help_of(topic))
    return 0


def _help_of(name: str | None) -> str:
    """The help of one command, or of all. Raises click.UsageError for what is neither command nor topic."""
    context = click.get_current_context().find_root()
    assert isinstance(context.command, click.Group)
    if name is None:
        return context.get_help().rstrip("\n")
    command = context.command.get_command(context, name)
    if command is None:
        known = ", ".join((*TOPICS, *COMMANDS))
        raise click.UsageError(f"There is no topic {name!r}. Known: {known}.", click.get_current_context())
    return command.get_help(click.Context(command, parent=context, info_name=name))


def _print(rows: dict[str, str], *, json: bool) -> None:
    if json:
        import json as json_module

        click.echo(json_module.dumps(rows, ensure_ascii=False))
        return
    width = max(map(len, rows))
    click.echo("\n".join(f"{name:>{width}}  {meaning}" for name, meaning in rows.items()))


def _rows(topic: str) -> dict[str, str]:
    if topic == "environment":
        return ENVIRONMENT
    from muxwire.exits import TABLE

    return {str(code): meaning for code, meaning in TABLE}


topics = Command(
    "help",
    callback=run,
    params=[click.Argument(["topic"], required=False), json_option()],
    help="Explain a topic or a command, or list the commands. Topics: exit-codes, environment.",
    examples=("muxctl help exit-codes", "muxctl help dispatch"),
)
