"""`muxctl init`: the first five minutes."""

from __future__ import annotations

import os
import sys

import click
from muxwire.words import EXIT_SUCCESS

from muxclients.cli.derive import Command, Finite, json_option


def _run(
    yes: bool,
    provider: str,
    rules: bool | None,
    day: float | None,
    month: float | None,
    service: bool | None,
    register: bool | None,
    json: bool,
) -> int:
    from muxwire.faults import USAGE, refuse

    from muxclients.setup import menu
    from muxclients.setup.wizard import Defaults, Given, Wizard

    at_terminal = os.isatty(0) and os.isatty(1) and sys.platform != "win32"
    if not (yes or json or at_terminal):
        raise refuse(USAGE, "Nobody is there to be asked.", "Say --yes, which takes what is proposed.")
    asker = Defaults() if yes or json else menu
    wizard = Wizard(asker, Given(provider, rules, day, month, service, register), _silent if json else print)
    done = wizard.run()
    if json:
        import msgspec

        print(msgspec.json.encode(done).decode())
        return EXIT_SUCCESS
    for notice in done.notices:
        print(f"notice: {notice}")
    print('\n  → muxctl dispatch "say hello"' if done.usable else "\n  → muxctl demo")
    return EXIT_SUCCESS


def _silent(_line: str) -> None:
    pass


init = Command(
    "init",
    params=[
        click.Option(["-y", "--yes"], is_flag=True, help="Ask nothing: take what is proposed."),
        click.Option(["--provider"], default="", help="Who is asked when nothing speaks for another."),
        click.Option(["--rules/--no-rules"], default=None, help="Whether words of a task decide who is asked."),
        click.Option(["day", "--budget"], type=Finite(min=0), metavar="USD", help="What a day may cost; 0: no limit."),
        click.Option(["month", "--budget-month"], type=Finite(min=0), metavar="USD", help="What a month may cost."),
        click.Option(["--service/--no-service"], default=None, help="Whether the daemon starts at login."),
        click.Option(["--register/--no-register"], default=None, help="Whether programs get the MCP server."),
        json_option(),
    ],
    callback=_run,
    help="Set up what is here: agents, the one that is asked by default, rules, a budget, the service, the MCP server "
    "of your programs. Shows what it would write and asks before each; calls no model. What profiles.toml says already "
    "is not asked, and stays.",
    examples=("muxctl init", "muxctl init --yes --no-service --budget 5"),
)
