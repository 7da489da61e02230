"""`muxctl setup`: our MCP server in the files of other programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

import click
from muxwire.words import EXIT_SUCCESS

from muxclients.cli.derive import Command, json_option

if TYPE_CHECKING:
    from muxclients.setup.ides import Ide
    from muxclients.setup.registration import Change, Registered


def _run(
    names: tuple[str, ...], all: bool, scope: Literal["user", "project"], remove: bool, dry_run: bool, json: bool
) -> int:
    from muxclients.setup.registration import apply, change, standing

    here = os.getcwd()
    if not names and not all:
        _show(standing(here), json=json)
        return EXIT_SUCCESS
    changes = [change(ide, scope, here, remove=remove) for ide in _chosen(names, here)]
    backups = [apply(one) if one.before != one.after and not dry_run else "" for one in changes]
    _tell(changes, backups, dry_run=dry_run, json=json)
    return EXIT_SUCCESS


def _chosen(names: tuple[str, ...], here: str) -> list[Ide]:
    """Raises FaultError for a name that is none."""
    from muxwire.faults import unknown_name

    from muxclients.setup.ides import IDES
    from muxclients.setup.registration import standing

    for name in names:
        if name not in IDES:
            raise unknown_name("program to set up", name, IDES)
    return [IDES[name] for name in names or [one.name for one in standing(here) if one.installed]]


def _show(found: list[Registered], *, json: bool) -> None:
    if json:
        _json(found)
        return
    for one in found:
        where = " and ".join(scope for scope in ("user", "project") if getattr(one, scope))
        state = f"has modelmux ({where})" if where else "has no modelmux" if one.installed else "is not installed"
        print(f"{'✓' if where else '·'}  {one.name:<8} {one.title} {state}")
    if missing := [one.name for one in found if one.installed and not (one.user or one.project)]:
        print(f"\n  → muxctl setup {' '.join(missing)}")


def _tell(changes: list[Change], backups: list[str], *, dry_run: bool, json: bool) -> None:
    if json:
        rows = [
            {"name": one.name, "file": one.file, "changed": one.before != one.after, "diff": one.diff, "backup": kept}
            for one, kept in zip(changes, backups, strict=True)
        ]
        _json({"dry_run": dry_run, "changes": rows})
        return
    for one, kept in zip(changes, backups, strict=True):
        print(one.diff or f"{one.file} is as it should be.\n", end="")
        if kept:
            print(f"The file as it was: {kept}")
    if not changes:
        print("None of the programs that we know is installed here.")


def _json(value: object) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode())


setup = Command(
    "setup",
    params=[
        click.Argument(["names"], nargs=-1, metavar="[claude|codex|gemini|cursor|vscode]..."),
        click.Option(["--all"], is_flag=True, help="All that are installed."),
        click.Option(["--scope"], type=click.Choice(["user", "project"]), default="user", help="Whose file."),
        click.Option(["--remove"], is_flag=True, help="Take the server out again."),
        click.Option(["--dry-run"], is_flag=True, help="Only show what would change."),
        json_option(),
    ],
    callback=_run,
    help="Register the MCP server with the programs that can use it, or (without a name) show which have it. Comments "
    "and other keys stay as they are; the file as it was is kept beside it.",
    examples=("muxctl setup", "muxctl setup codex claude", "muxctl setup --all --dry-run"),
)
