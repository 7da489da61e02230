"""`muxctl broadcast`, `collaborate` and `patterns`: as any command, but that an option which takes a list takes all
words up to the next option, as in 0.29."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import click

from muxclients import caller
from muxclients.cli.derive import Command, command
from muxclients.cli.rendered import ask

LISTS = ("--providers", "--roles", "--tasks")


class Listing(Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread(args))


def spread(args: list[str]) -> list[str]:
    """
    >>> spread(["mend it", "--providers", "codex", "claude/opus", "--json"])
    ['mend it', '--providers', 'codex', '--providers', 'claude/opus', '--json']
    """
    words: list[str] = []
    option = ""
    for number, word in enumerate(args):
        if word == "--":
            return words + args[number:]
        if word.startswith("-"):
            option = word if word in LISTS else ""
            words += [] if option else [word]
        else:
            words += [option, word] if option else [word]
    return words


def _patterns(fields: dict[str, Any], json: bool) -> int:
    return ask("patterns", {**fields, "workdir": caller.text(os.getcwd())}, json)


broadcast = command(
    "broadcast",
    partial(ask, "broadcast"),
    examples=(
        'muxctl broadcast "is this query safe?" --providers codex gemini claude/opus',
        'muxctl broadcast "name three risks" --quorum 2 --member-timeout 120',
        "git diff | muxctl broadcast --providers codex claude --json | jq -r '.results[].output'",
    ),
    kind=Listing,
)
collaborate = command(
    "collaborate",
    partial(ask, "collaborate"),
    examples=(
        'muxctl collaborate "write a parser for RFC 3339" --roles implementer=codex reviewer=claude/opus',
        'muxctl collaborate --pattern debate "should we use SQLite?" --max-rounds 3 --budget 2',
        'muxctl collaborate --worktree --sandbox write "mend the flaky test"',
    ),
    kind=Listing,
)
patterns = command("patterns", _patterns, examples=("muxctl patterns", "muxctl patterns --json"))
