"""The few settings that a variable can say for one process and its children. It wins over every file.

MODELMUX_HOME is not among them: it says where the files are (see `muxwire.places`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from muxwire.faults import Fault
from muxwire.settings.document import Document
from muxwire.settings.path import Origin, Path, fault
from muxwire.settings.shape import shortened


class Variable(msgspec.Struct, frozen=True):
    name: str
    path: Path
    kind: type[str] | type[int] | type[bool]
    help: str


VARIABLES = (
    Variable("MODELMUX_PROFILE", ("active_profile",), str, "the profile in force"),
    Variable("MODELMUX_STRICT_SANDBOX", ("strict_sandbox",), bool, "refuse providers that enforce no sandbox"),
    Variable("MODELMUX_MAX_RUNNING", ("limits", "running"), int, "attempts that run at once in all"),
    Variable("MODELMUX_OUTPUT_LIMIT", ("limits", "output"), str, "what one attempt may write, such as 256MiB"),
    Variable("MODELMUX_IDLE_EXIT", ("daemon", "idle_exit"), int, "idle minutes before the daemon ends; 0: never"),
    Variable("MODELMUX_WEBHOOK_URL", ("notifications", "webhook_url"), str, "where ends of runs are told"),
)
"""An empty variable counts as one that is not set. MODELMUX_WEBHOOK_URL is 0.29's."""

_BOOLS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def read_environment(env: Mapping[str, str]) -> tuple[Document, list[Fault]]:
    """What the variables say, as one more document, and a fault for each that cannot be read."""
    data: dict[str, Any] = {}
    origins: dict[Path, Origin] = {}
    faults: list[Fault] = []
    for variable in VARIABLES:
        if text := env.get(variable.name, ""):
            origin = Origin("environment", variable.name)
            value = _convert(text.strip(), variable.kind)
            if value is None:
                faults.append(_wrong(variable, text, origin))
            else:
                _put(data, variable.path, value)
                origins[variable.path] = origin
    return Document(data, origins, "environment", ""), faults


def _convert(text: str, kind: type) -> str | int | bool | None:
    if kind is bool:
        return _BOOLS.get(text.lower())
    if kind is int:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    return text


def _wrong(variable: Variable, text: str, origin: Origin) -> Fault:
    wanted = "true or false" if variable.kind is bool else "a whole number"
    return fault(origin, f"the variable must be {wanted}; it is {shortened(text)}.", f"Correct or unset {origin}.")


def _put(data: dict[str, Any], path: Path, value: object) -> None:
    *tables, key = path
    for table in tables:
        data = data.setdefault(str(table), {})
    data[str(key)] = value
