"""`muxctl demo`: a private daemon and three scripted agents show what this program does. No model is called."""

from __future__ import annotations

import time
from collections.abc import Iterable

import click
import msgspec
from muxwire.runs import RunResult

from muxclients.demo.stage import stage
from muxclients.demo.story import Act, acts

OPENING = """\
modelmux demo: a private daemon in a temporary folder, and three scripted agents in place of Codex, Claude Code
and Gemini. They run as real child processes and speak the real formats. No model is called.
"""
HEADINGS = ("task", "agent", "instead of", "state", "tries", "time", "tokens", "would have cost")
CLOSING = """\
No model was called and nothing was spent; the costs are what such tokens would have cost, where the agent says so.
The daemon is stopped and its folder is removed. Next: `muxctl check` shows which real agents you have."""


@click.command("demo", help="Show dispatch, routing and failover with scripted agents; no model is called.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def demo(as_json: bool) -> None:
    started = time.monotonic()
    shown = _perform(quiet=as_json)
    seconds = time.monotonic() - started
    print(_as_json(shown, seconds) if as_json else f"{_table(shown)}\n\n{seconds:.1f} s in all. {CLOSING}")


def _perform(*, quiet: bool) -> list[Act]:
    shown: list[Act] = []
    with stage() as here:
        shown.extend(_told(acts(here), quiet=quiet))
    return shown


def _told(story: Iterable[Act], *, quiet: bool) -> Iterable[Act]:
    """Each act as it ends, printed unless somebody wants JSON."""
    if not quiet:
        print(OPENING, flush=True)
    for number, act in enumerate(story, 1):
        if not quiet:
            answers = "".join(f"   {run.provider}: {run.output}\n" for run in act.runs)
            print(f"{number}. {act.title}\n   $ {act.command}\n{answers}", flush=True)
        yield act


def _table(shown: list[Act]) -> str:
    rows = [HEADINGS, *(_row(act, run) for act in shown for run in act.runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(act: Act, run: RunResult) -> tuple[str, ...]:
    usd = run.cost.usd if run.cost else None
    return (
        act.command.partition('"')[2].rstrip('"'),
        run.provider,
        run.failover_from or "-",
        run.status,
        str(run.attempts),
        f"{run.duration_seconds:.1f} s",
        str(run.token_usage.total_tokens) if run.token_usage else "unknown",
        f"${usd:.4f}" if usd is not None else "unknown",
    )


def _as_json(shown: list[Act], seconds: float) -> str:
    value = {"acts": shown, "model_called": False, "seconds": round(seconds, 3)}
    return msgspec.json.encode(value).decode()
