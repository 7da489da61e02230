"""`muxctl setup`: our MCP server in the files of other programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

import click
from muxwire.words import EXIT_SUCCESS

from muxclients.cli.derive import Command, json_option
from muxclients.cli.failure import describe, tell

if TYPE_CHECKING:
    from muxwire.faults import FaultError

    from muxclients.setup.change import Change
    from muxclients.setup.ides import Ide
    from muxclients.setup.registration import Registered


def _run(
    names: tuple[str, ...], all: bool, scope: Literal["user", "project"], remove: bool, dry_run: bool, json: bool
) -> int:
    from muxwire.faults import FaultError

    from muxclients.setup.change import apply
    from muxclients.setup.registration import change, standing

    here = os.getcwd()
    if not names and not all:
        _show(standing(here), json=json)
        return EXIT_SUCCESS
    chosen = _chosen(names, here)
    done: list[tuple[Change, str]] = []
    wrong: dict[str, FaultError] = {}
    for ide in chosen:
        try:
            edit = change(ide, scope, here, remove=remove)
            done.append((edit, apply(edit) if edit.before != edit.after and not dry_run else ""))
        except FaultError as error:
            if len(chosen) == 1:
                raise
            wrong[ide.name] = error  # no reason to leave out the next
    _tell(done, wrong, dry_run=dry_run, json=json)
    return max((describe(error)[1] for error in wrong.values()), default=EXIT_SUCCESS)


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


def _tell(done: list[tuple[Change, str]], wrong: dict[str, FaultError], *, dry_run: bool, json: bool) -> None:
    if json:
        faults = {name: error.fault for name, error in wrong.items()}
        _json({"dry_run": dry_run, "changes": [_row(*one) for one in done], "errors": faults})
        return
    for edit, backup in done:
        print(edit.diff or f"{edit.file} is as it should be.\n", end="")
        if backup:
            print(f"The file as it was: {backup}")
    for error in wrong.values():
        tell(error, json=False)
    if not done and not wrong:
        print("None of the programs that we know is installed here.")


def _row(edit: Change, backup: str) -> dict[str, object]:
    changed = edit.before != edit.after
    return {"name": edit.name, "file": edit.file, "changed": changed, "diff": edit.diff, "backup": backup}


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
