"""`muxctl policy check|show|test`: what policy.json says, and what it would do."""

from __future__ import annotations

import click

from muxclients import caller
from muxclients.cli.derive import Command, given, json_option, parameters, verb_of
from muxclients.cli.rendered import ask

policy = click.Group("policy", help="Look at the policy, and try it.")


def _ask(json: bool) -> int:
    return ask("policy", {}, json)


def _test(words: tuple[str, ...], json: bool) -> int:
    """By the very grammar of `dispatch`; the word itself may be left out."""
    line = [*words[1:]] if words[:1] == ("dispatch",) else [*words]
    verb = verb_of("dispatch")
    context = click.Command("dispatch", params=parameters(verb)).make_context("dispatch", line)
    with context:
        typed = {name: value for name, value in context.params.items() if name != "json"}
        fields = caller.complete("dispatch", given(verb, typed))
    return ask("policy_test", fields, json or bool(context.params["json"]))


policy.add_command(
    Command(
        "check",
        params=[json_option()],
        callback=_ask,
        help="Whether the file can be used, line by line. Exit code 2 when it cannot.",
        examples=("muxctl policy check",),
    )
)
policy.add_command(
    Command(
        "show",
        params=[json_option()],
        callback=_ask,
        help="What is in force, and how much of it is used up.",
        examples=("muxctl policy show --json",),
    )
)
policy.add_command(
    Command(
        "test",
        params=[click.Argument(["words"], nargs=-1, metavar="-- dispatch ..."), json_option()],
        callback=_test,
        help="What the policy would do with a dispatch. Nothing is sent. Exit code 3 when it would refuse.",
        examples=('muxctl policy test -- dispatch -p codex --sandbox full "x"',),
    )
)
