"""`muxctl answer RUN TEXT…`: what a run that waits for input is told."""

from __future__ import annotations

import click

from muxclients import caller
from muxclients.cli.derive import Command, json_option
from muxclients.cli.rendered import ask


def _run(run_id: str, words: tuple[str, ...], json: bool) -> int:
    return ask("answer", {"run_id": caller.text(run_id), "text": caller.task(words)}, json)


answer = Command(
    "answer",
    params=[
        click.Argument(["run_id"], metavar="RUN"),
        click.Argument(["words"], nargs=-1, metavar="TEXT..."),
        json_option(),
    ],
    callback=_run,
    help="Answer a run that waits for input; read from stdin when no words are given.",
    examples=("muxctl answer 01kak3 yes, the second one",),
)
