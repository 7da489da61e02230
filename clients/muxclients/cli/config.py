"""`muxctl config path|show|check`: the settings as this folder and this environment make them.

Needs no daemon; only one that runs knows the providers that plugins bring, and it is asked when a name seems wrong.
"""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Iterable
from typing import Any

import click
import msgspec
from muxwire.faults import NOT_FOUND, Fault, FaultError, refuse
from muxwire.methods import FACTS
from muxwire.places import places
from muxwire.settings import Loaded, Origin, dotted, load
from muxwire.settings.leaves import leaves, shown
from muxwire.settings.load import combine, read_file
from muxwire.words import EXIT_SUCCESS, EXIT_USAGE

from muxclients import caller
from muxclients.cli.derive import Command, json_option
from muxclients.cli.running import ask

_COLUMN = 50
"""Where origins begin, unless the value is longer."""

config = click.Group("config", help="Show, explain and check the settings.")


def _path(json: bool) -> int:
    here = places()
    files = [msgspec.to_builtins(file) for file in _load().files]
    files.append({"kind": "policy", "path": here.policy, "exists": os.path.lexists(here.policy)})
    if json:
        return _print_json({"files": files})
    for file in files:
        missing = "" if file["exists"] else "  (not there)"
        click.echo(line(f"{file['kind']:<8} {file['path']}{missing}"))
    return EXIT_SUCCESS


def _show(origins: bool, json: bool) -> int:
    loaded = _load()
    tree = shown(loaded.settings)
    values = [(path, value, str(loaded.origins.get(path, Origin()))) for path, value in leaves(tree)]
    if json:
        where = {"origins": {dotted(path): origin for path, _, origin in values}} if origins else {}
        _print_json({"settings": tree, **where, **_wrong(loaded)})
        return _code(loaded)
    for path, value, origin in values:
        said = f"{dotted(path)} = {json_module.dumps(value, ensure_ascii=False)}"
        click.echo(line(f"{said:<{_COLUMN}}  # {origin}" if origins else said))
    tell(loaded)
    return _code(loaded)


def _check(file: str | None, json: bool) -> int:
    if file is not None and not os.path.lexists(file):
        raise unknown_file(file)
    loaded = _read(file)
    if json:
        _print_json({"valid": not loaded.faults, **_wrong(loaded)})
        return _code(loaded)
    tell(loaded)
    if not loaded.faults:
        read = [os.path.abspath(file)] if file else [one.path for one in loaded.files if one.exists]
        click.echo(line(f"Valid: {', '.join(read) or 'there is no file; the defaults hold'}."))
    return _code(loaded)


def unknown_file(file: str) -> FaultError:
    return refuse(NOT_FOUND, f"There is no file {file!r}.", "Name a profiles.toml, or nothing for those in force.")


def _load() -> Loaded:
    return _read(None)


def _read(file: str | None) -> Loaded:
    loaded = _with(file, ())
    return _with(file, plugged) if loaded.faults and (plugged := _plugged()) else loaded


def _with(file: str | None, providers: tuple[str, ...]) -> Loaded:
    if file:
        return combine([read_file("user", os.path.abspath(file))], providers=providers)
    return load(places(), os.getcwd(), providers=providers)


def _plugged() -> tuple[str, ...]:
    """The providers of a daemon that runs. One that gives no answer is no reason to check nothing."""
    try:
        facts = ask(FACTS)
    except FaultError:
        return ()
    return facts.providers if facts else ()


def _wrong(loaded: Loaded) -> dict[str, list[Any]]:
    return {
        "faults": [msgspec.to_builtins(fault) for fault in loaded.faults],
        "warnings": [msgspec.to_builtins(fault) for fault in loaded.warnings],
    }


def _code(loaded: Loaded) -> int:
    return EXIT_USAGE if loaded.faults else EXIT_SUCCESS


def tell(loaded: Loaded) -> int:
    """All that is wrong, on stderr; the exit code."""
    _tell_each("warning", "33", loaded.warnings)
    _tell_each("error", "31", loaded.faults)
    return _code(loaded)


def _tell_each(kind: str, colour: str, faults: Iterable[Fault]) -> None:
    painted = caller.colour(os.environ, tty=os.isatty(2))
    mark = f"\x1b[{colour}m{kind}:\x1b[0m" if painted else f"{kind}:"
    for fault in faults:
        sys.stderr.write(f"{mark} {line(fault.message)}\n")
        if fault.hint:
            sys.stderr.write(f"  → {line(fault.hint)}\n")


def _print_json(value: Any) -> int:
    click.echo(json_module.dumps(value))
    return EXIT_SUCCESS


def line(text: str) -> str:
    """A project's words and a folder's name can hold anything: nothing of it may move the cursor."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


config.add_command(
    Command(
        "path",
        params=[json_option()],
        callback=_path,
        help="The files that are read, in order; later ones win.",
        examples=("muxctl config path",),
    )
)
config.add_command(
    Command(
        "show",
        params=[
            click.Option(["--origins"], is_flag=True, help="Say who says each value: file:line, $NAME or default."),
            json_option(),
        ],
        callback=_show,
        help="The settings in force here; secrets are not shown.",
        examples=("muxctl config show --origins", "muxctl config show --json | jq .settings.limits"),
    )
)
config.add_command(
    Command(
        "check",
        params=[click.Argument(["file"], required=False), json_option()],
        callback=_check,
        help="All that is wrong in the settings, or in FILE, line by line. Exit code 2 when something is.",
        examples=("muxctl config check", "muxctl config check new-profiles.toml"),
    )
)
