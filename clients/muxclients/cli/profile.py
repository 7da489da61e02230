"""`muxctl profile [NAME]`: the profiles of the settings in force here. Needs no daemon."""

from __future__ import annotations

import json as json_module
import os
from typing import Any

import click
from muxwire.faults import unknown_name
from muxwire.places import places
from muxwire.settings import Settings, load
from muxwire.settings.model import Profile
from muxwire.words import EXIT_SUCCESS

from muxclients import caller
from muxclients.cli.config import line, tell
from muxclients.cli.derive import Command, json_option


def _run(name: str, json: bool) -> int:
    loaded = load(places(), os.getcwd())
    if loaded.faults:
        return tell(loaded)
    settings = loaded.settings
    if not name:
        return _list(settings, json)
    name = caller.text(name)
    if name not in settings.profiles:
        raise unknown_name("profile", name, settings.profiles)
    return _show(name, settings.profiles[name], json)


def _list(settings: Settings, json: bool) -> int:
    known = {
        name: {"description": one.description, "providers": sorted(one.providers)}
        for name, one in settings.profiles.items()
    }
    if json:
        return _print({"active": settings.active_profile, "profiles": known})
    for name, one in known.items():
        mark = "*" if name == settings.active_profile else " "
        click.echo(line(f"{mark} {name:<16} {', '.join(one['providers']):<24} {one['description']}".rstrip()))
    if not known:
        click.echo("No profile is defined; `default` holds, which changes nothing.")
    return EXIT_SUCCESS


def _show(name: str, profile: Profile, json: bool) -> int:
    said = {
        provider: {key: getattr(one, key) for key in ("model", "base_url", "api_key_env", "wire_api")}
        for provider, one in profile.providers.items()
    }
    if json:
        return _print({"name": name, "description": profile.description, "providers": said})
    click.echo(line(f"{name}: {profile.description}".rstrip(": ")))
    for provider, words in said.items():
        told = "  ".join(f"{key} = {value}" for key, value in words.items() if value)
        click.echo(line(f"  {provider:<12} {told}".rstrip()))
    return EXIT_SUCCESS


def _print(value: dict[str, Any]) -> int:
    click.echo(json_module.dumps(value))
    return EXIT_SUCCESS


profile = Command(
    "profile",
    params=[click.Argument(["name"], default="", metavar="[NAME]"), json_option()],
    callback=_run,
    help="Show the profiles that are defined here, or one of them. `active_profile` names the one in force.",
    examples=("muxctl profile", "muxctl profile budget --json"),
)
