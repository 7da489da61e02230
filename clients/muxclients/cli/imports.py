"""`muxctl import`: takes over what another version kept; folders are named from here."""

from __future__ import annotations

import os
from typing import Any

from muxclients import caller
from muxclients.cli.derive import command
from muxclients.cli.rendered import ask


def _run(fields: dict[str, Any], json: bool) -> int:
    if folder := fields.get("folder"):
        fields = {**fields, "folder": caller.text(os.path.abspath(folder))}
    return ask("import", fields, json)


import_ = command("import", _run, examples=("muxctl import 0.29 --dry-run", "muxctl import 0.29 --from ~/old/modelmux"))
