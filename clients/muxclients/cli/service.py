"""`muxctl service install|uninstall|status`."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click
from muxwire.words import EXIT_FAILED, EXIT_SUCCESS

if TYPE_CHECKING:
    from muxclients.setup.service import Installed
    from muxclients.setup.units import Plan

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("service", help="Have the daemon started at login, by systemd, launchd or a logon task.")
def service() -> None:
    pass


@service.command("install", help="Write the unit files and start the service. Again: bring them up to date.")
@click.option("--print", "only_print", is_flag=True, help="Print what would be written and run, and do nothing.")
@json_option
def install(only_print: bool, as_json: bool) -> int:
    from muxclients.setup.service import Service

    found = Service()
    if only_print:
        _print_plan(found.plan, as_json=as_json)
        return EXIT_SUCCESS
    _say(found.install(), as_json=as_json)
    return EXIT_SUCCESS


@service.command("uninstall", help="Stop the service and remove its files; clients start the daemon again.")
@json_option
def uninstall(as_json: bool) -> int:
    from muxclients.setup.service import Service

    _say(Service().uninstall(), as_json=as_json)
    return EXIT_SUCCESS


@service.command("status", help="Show whether the service is there; exit code 1 when it is not.")
@json_option
def status(as_json: bool) -> int:
    from muxclients.setup.service import Service

    found = Service().status()
    _say(found, as_json=as_json)
    return EXIT_SUCCESS if found.installed else EXIT_FAILED


def _say(found: Installed, *, as_json: bool) -> None:
    if as_json:
        _json(found)
        return
    if not found.installed:
        print(f"No {found.manager} service is installed. Clients start the daemon by themselves.")
    else:
        active = {True: ", active", False: ", not active", None: ""}[found.active]
        print("\n".join([f"{found.manager} service{active}, runs {found.program}", *found.files]))
    for notice in found.notices:
        print(f"notice: {notice}", file=sys.stderr)


def _print_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        _json({"manager": plan.manager, "files": plan.files, "commands": plan.install})
        return
    for path, text in plan.files.items():
        print(f"# {path}\n{text}")
    print("# then\n" + "\n".join(shlex.join(command) for command in plan.install))


def _json(value: Any) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode())
