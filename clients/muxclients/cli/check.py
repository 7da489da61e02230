"""`muxctl check`: the daemon looks every provider up with *our* PATH, HOME and variables."""

from __future__ import annotations

import os
from typing import Any

from muxwire.environ import base_environment

from muxclients import caller
from muxclients.cli.derive import Command, command, json_option
from muxclients.cli.rendered import ask


def _run(fields: dict[str, Any], json: bool) -> int:
    env = base_environment((os.fsencode(name), os.fsencode(value)) for name, value in os.environ.items())
    return ask("check", {**fields, "workdir": caller.text(os.getcwd()), "env": env}, json)


def _doctor(json: bool) -> int:
    return _run({"diagnose": True}, json)


doctor = Command(
    "doctor",
    params=[json_option()],
    callback=_doctor,
    help="The same as `muxctl check --diagnose`.",
    examples=("muxctl doctor",),
)
check = command("check", _run, examples=("muxctl check", "muxctl check --diagnose", "muxctl check --json"))
