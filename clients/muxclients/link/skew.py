"""What to do when client and daemon are of different versions. Pure.

Several IDEs may pin several versions at once. So a daemon is only ever replaced by a newer one: otherwise two clients
would take turns in replacing each other's.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Action = Literal["talk", "replace"]


class Skew(NamedTuple):
    """What to do, and what to tell the user (on stderr, once; empty for nothing)."""

    action: Action
    notice: str = ""


def decide(client: str, daemon: str, *, busy: bool, supervised: bool) -> Skew:
    """Talk as things are, or drain the daemon and start our own version.

    `busy`: agents run or tasks wait for their turn right now. `supervised`: a service manager owns the daemon; it would
    start the version its unit names, so asking again and again would change nothing.
    """
    ours, theirs = order(client), order(daemon)
    if ours is None or theirs is None or ours == theirs:
        return Skew("talk")
    if ours < theirs:
        return Skew("talk", f"This program is {client}, the daemon is {daemon}; run `uv tool upgrade modelmux`.")
    if supervised:
        hint = "run `muxctl service install` to have the service use this version"
        return Skew("talk", f"The daemon is {daemon}, this program is {client}; {hint}.")
    if busy:
        when = "it is replaced once it is idle, or by `muxctl daemon restart`"
        return Skew("talk", f"The daemon is {daemon}, this program is {client}; {when}.")
    return Skew("replace")


def order(version: str) -> tuple[tuple[int, ...], int, int] | None:
    """A key that sorts versions as PEP 440 does for what we release: final, a/b/rc, .dev, local part ignored.

    None for what is no version: then nobody is newer.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?(\.dev\d+)?(?:\+.*)?", version)
    if match is None:
        return None
    release = tuple(int(part) for part in match[1].split("."))
    while release and release[-1] == 0:
        release = release[:-1]
    stage = {"a": 0, "b": 1, "rc": 2, None: 3}[match[2]]
    if match[4] and match[2] is None:
        stage = -1  # a development version comes before the first alpha
    return release, stage, int(match[3] or 0)
