"""`muxctl check`: the daemon looks every provider up with *our* PATH, HOME and variables."""

from __future__ import annotations

import os
from typing import Any

from muxwire.environ import base_environment

from muxclients import caller
from muxclients.cli.derive import command
from muxclients.cli.rendered import ask


def _run(fields: dict[str, Any], json: bool) -> int:
    env = base_environment((os.fsencode(name), os.fsencode(value)) for name, value in os.environ.items())
    return ask("check", {**fields, "workdir": caller.text(os.getcwd()), "env": env}, json)


check = command("check", _run, examples=("muxctl check", "muxctl check --diagnose", "muxctl check --json"))
