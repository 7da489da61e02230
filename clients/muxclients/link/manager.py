"""Whether a service manager owns the daemon, and what it is told. Loaded only when a daemon is missing.

A private home (MODELMUX_HOME) is never a service's: the installed service keeps the usual places.
launchd: UNVERIFIED, no macOS was at hand.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from muxwire.places import LAUNCHD_LABEL, SYSTEMD_SERVICE, SYSTEMD_SOCKET


def unit_folder(env: Mapping[str, str] = os.environ) -> str:
    """Where the user's own units live (systemd.unit(5), launchd.plist(5))."""
    home = env.get("HOME") or os.path.expanduser("~")
    if sys.platform == "darwin":
        return f"{home}/Library/LaunchAgents"
    return f"{env.get('XDG_CONFIG_HOME') or home + '/.config'}/systemd/user"


def installed(env: Mapping[str, str] = os.environ) -> bool:
    """Whether `muxctl service install` was here and the service is the one this environment means."""
    name = f"{LAUNCHD_LABEL}.plist" if sys.platform == "darwin" else SYSTEMD_SERVICE
    return not env.get("MODELMUX_HOME") and os.path.exists(f"{unit_folder(env)}/{name}")


def service_manager(env: Mapping[str, str] = os.environ) -> list[str] | None:
    """The command that makes the manager provide the daemon, or None where clients start it themselves.

    With systemd that is the socket: the connection that follows starts the service.
    """
    if not installed(env):
        return None
    if sys.platform == "darwin":
        return ["launchctl", "kickstart", launchd_target()]
    return ["systemctl", "--user", "start", SYSTEMD_SOCKET]


def launchd_target() -> str:
    """The agent in the user's graphical session (launchctl(1))."""
    return f"gui/{os.getuid()}/{LAUNCHD_LABEL}"
