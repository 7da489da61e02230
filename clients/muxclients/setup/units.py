"""What a service manager is given: the unit files of the package with the paths of this installation. Pure but for
reading the templates.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple
from xml.sax.saxutils import escape

from muxwire.places import LAUNCHD_LABEL, SYSTEMD_SERVICE, SYSTEMD_SOCKET, Places

from muxclients.link.manager import launchd_target, unit_folder

TASK = "modelmuxd"
"""The name of the logon task on Windows."""
CARRIED = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
"""Variables that say where things live; a service does not see the shell's, and must look in the same places."""


class Plan(NamedTuple):
    """What `muxctl service install` does, and how it is undone."""

    manager: str
    files: dict[str, str]
    """Path -> content."""
    install: list[list[str]]
    """Commands after the files are written."""
    uninstall: list[list[str]]
    """Commands before the files are removed."""
    refresh: list[list[str]]
    """Commands after they are removed."""


def plan(program: str, here: Places, env: Mapping[str, str] = os.environ, *, platform: str = sys.platform) -> Plan:
    """For the platform's own manager. `program` is the absolute path of `modelmuxd`."""
    if platform == "win32":
        return _windows(program)
    return _launchd(program, here, env) if platform == "darwin" else _systemd(program, env)


def _systemd(program: str, env: Mapping[str, str]) -> Plan:
    folder = unit_folder(env)
    carried = [f"Environment={_quoted(f'{name}={value}')}" for name, value in _carried(env).items()]
    service = _template("systemd", SYSTEMD_SERVICE)
    service = service.replace("@MODELMUXD@", _quoted(program)).replace(
        "@ENVIRONMENT@\n", "".join(f"{line}\n" for line in carried)
    )
    units = [SYSTEMD_SOCKET, SYSTEMD_SERVICE]
    reload = ["systemctl", "--user", "daemon-reload"]
    return Plan(
        "systemd",
        {f"{folder}/{SYSTEMD_SERVICE}": service, f"{folder}/{SYSTEMD_SOCKET}": _template("systemd", SYSTEMD_SOCKET)},
        install=[reload, ["systemctl", "--user", "enable", "--now", *units]],
        uninstall=[["systemctl", "--user", "disable", "--now", *units]],
        refresh=[reload],
    )


def _launchd(program: str, here: Places, env: Mapping[str, str]) -> Plan:
    path = f"{unit_folder(env)}/{LAUNCHD_LABEL}.plist"
    carried = "".join(
        f"<key>{escape(name)}</key><string>{escape(value)}</string>" for name, value in _carried(env).items()
    )
    plist = _template("launchd", f"{LAUNCHD_LABEL}.plist").replace("@MODELMUXD@", escape(program))
    plist = plist.replace("@ENVIRONMENT@", carried).replace("@STARTUP_LOG@", escape(here.startup_log))
    domain = launchd_target().rpartition("/")[0]
    return Plan(
        "launchd",
        {path: plist},
        install=[["launchctl", "bootstrap", domain, path]],
        uninstall=[["launchctl", "bootout", launchd_target()]],
        refresh=[],
    )


def _windows(program: str) -> Plan:
    """A task at logon, not a Windows service: that would run as SYSTEM, without the user's files. UNVERIFIED: no
    Windows was at hand.
    """
    quoted = subprocess.list2cmdline([program])
    create = ["schtasks", "/Create", "/F", "/TN", TASK, "/SC", "ONLOGON", "/RL", "LIMITED", "/TR", quoted]
    return Plan(
        "schtasks",
        {},
        install=[create, ["schtasks", "/Run", "/TN", TASK]],
        uninstall=[["schtasks", "/Delete", "/F", "/TN", TASK]],
        refresh=[],
    )


def _template(folder: str, name: str) -> str:
    return files("modelmux_units").joinpath(folder).joinpath(name).read_text("utf-8")


def _carried(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[name] for name in CARRIED if env.get(name)}


def _quoted(word: str) -> str:
    """One word for a systemd unit: `%` begins a specifier, quotes and backslashes are C's (systemd.syntax(7))."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"'


def in_uv_cache(program: str, env: Mapping[str, str] = os.environ) -> bool:
    """Whether the program lies in uv's cache, as under `uvx`: `uv cache prune` would take it from under the service."""
    home = env.get("HOME") or os.path.expanduser("~")
    cache = env.get("UV_CACHE_DIR") or f"{env.get('XDG_CACHE_HOME') or home + '/.cache'}/uv"
    return os.path.realpath(program).startswith(os.path.realpath(cache) + os.sep)
