"""`muxctl workflow NAME "…"`, and `list`, `graph` and `check`."""

from __future__ import annotations

import os
from typing import Any

import click

from muxclients import caller
from muxclients.cli.derive import Command, given, json_option, parameters, verb_of
from muxclients.cli.rendered import ask


class Workflow(click.Group):
    """The first word is the name of a workflow, unless it is one of ours."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return args[0], _run, args

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _run.format_options(ctx, formatter)
        super().format_commands(ctx, formatter)


def _send(*, json: bool, workflow: str, **typed: Any) -> int:
    return ask("workflow", {"workflow": caller.text(workflow), **given(verb_of("workflow"), typed)}, json)


def _look(view: str, name: str | None, json: bool) -> int:
    fields = {"view": view, "workdir": caller.text(os.getcwd())}
    return ask("workflows", {**fields, **({"name": caller.text(name)} if name else {})}, json)


_run = Command(
    "run",
    params=[click.Argument(["workflow"]), *parameters(verb_of("workflow"))],
    callback=_send,
    help=verb_of("workflow")[0],
)
workflow = Workflow(
    "workflow",
    help=verb_of("workflow")[0]
    + """

    \b
      muxctl workflow plan-implement-test-review --worktree "add --quiet"
      git diff main | muxctl workflow pr-description
      muxctl workflow graph triage-bug
    """,
    context_settings={"ignore_unknown_options": False},
    subcommand_metavar="NAME [TASK]... | COMMAND",
)


def _looking(view: str, help: str, *, needed: bool = False) -> None:
    def callback(name: str | None, json: bool) -> int:
        return _look(view, name, json)

    params = [click.Argument(["name"], required=needed), json_option()]
    workflow.add_command(Command(view, params=params, callback=callback, help=help))


_looking("list", "Show the workflows that there are.")
_looking("graph", "Draw the steps of one: what waits for what.", needed=True)
_looking("check", "Check them, or one: names, circles, placeholders.")
