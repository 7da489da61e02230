"""`muxctl broadcast`: as any command, but that `--providers` takes all words up to the next option, as in 0.29."""

from __future__ import annotations

from functools import partial

import click

from muxclients.cli.derive import Command, command
from muxclients.cli.rendered import ask

LISTS = "--providers"


class Broadcast(Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread(args))


def spread(args: list[str]) -> list[str]:
    """
    >>> spread(["mend it", "--providers", "codex", "claude/opus", "--json"])
    ['mend it', '--providers', 'codex', '--providers', 'claude/opus', '--json']
    """
    words: list[str] = []
    listing = False
    for number, word in enumerate(args):
        if word == "--":
            return words + args[number:]
        if word.startswith("-"):
            listing = word == LISTS
            words += [] if listing else [word]
        else:
            words += [LISTS, word] if listing else [word]
    return words


broadcast = command(
    "broadcast",
    partial(ask, "broadcast"),
    examples=(
        'muxctl broadcast "is this query safe?" --providers codex gemini claude/opus',
        'muxctl broadcast "name three risks" --quorum 2 --member-timeout 120',
        "git diff | muxctl broadcast --providers codex claude --json | jq -r '.results[].output'",
    ),
    kind=Broadcast,
)
