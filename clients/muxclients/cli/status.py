"""`muxctl status`, and `-w`: the daemon paints, we hold the terminal."""

from __future__ import annotations

from typing import Any

import click

from muxclients.cli.derive import Command, given, parameters, verb_of
from muxclients.cli.rendered import ask


def run(*, json: bool, watch: bool, **typed: Any) -> int:
    fields = given(verb_of("status"), typed)
    if not watch:
        return ask("status", fields, json)
    from muxclients.cli import live

    return live.follow(fields, json=json)


status = Command(
    "status",
    callback=run,
    params=[
        click.Option(["watch", "-w", "--watch"], is_flag=True, help="Follow it as it changes; q ends."),
        *parameters(verb_of("status")),
    ],
    help=verb_of("status")[0],
    examples=("muxctl status -w", "muxctl status --json | jq '.running[].run_id'"),
)
