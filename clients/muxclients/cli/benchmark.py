"""`muxctl benchmark`: tells what it would take, asks, and has the agents measured."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
from muxwire.faults import USAGE, refuse

from muxclients import caller
from muxclients.cli.composites import Listing
from muxclients.cli.derive import given, parameters, verb_of
from muxclients.cli.rendered import ask


def _run(*, json: bool, yes: bool, **typed: Any) -> int:
    fields = given(verb_of("benchmark"), typed)
    if suite := fields.get("suite"):
        fields["suite"] = caller.text(os.path.abspath(suite))
    if yes or typed["dry_run"] or typed["list_tasks"]:
        return ask("benchmark", fields, json)
    if json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise refuse(USAGE, "A benchmark costs, and nobody can be asked here.", "Add --yes, or --dry-run.")
    if code := ask("benchmark", {**fields, "dry_run": True}, False):
        return code
    if not _needs(fields):
        return 0
    click.confirm("Run it?", abort=True, err=True)
    return ask("benchmark", fields, json)


def _needs(fields: dict[str, Any]) -> bool:
    """Whether anything is left to be run."""
    import msgspec
    from muxwire.benchmark import BenchmarkParams
    from muxwire.methods import BENCHMARK

    from muxclients.link.reach import reach

    params = msgspec.convert(caller.complete("benchmark", {**fields, "dry_run": True}), BenchmarkParams)
    with reach("cli", supplier=caller.values) as client:
        return bool(client.call(BENCHMARK, params).needs)


benchmark = Listing(
    "benchmark",
    params=[*parameters(verb_of("benchmark")), click.Option(["-y", "--yes"], is_flag=True, help="Do not ask.")],
    callback=_run,
    help="Measure agents by small tasks whose result a program checks; routing learns from it. Asks first. What was"
    " measured is kept: after an interruption the same command goes on.",
    examples=(
        "muxctl benchmark --list-tasks",
        "muxctl benchmark --providers codex claude/opus --tasks bug-slice page-form --repeats 5",
        "muxctl benchmark --suite ./our-tasks --yes --json",
    ),
)
