"""What has ended, as a list of it shows it; and what may be asked of such a list."""

from __future__ import annotations

import msgspec

TASK = 500
OUTPUT = 2000
"""Characters of a task and of an answer that are in a list."""
SEARCHED = 8 * 1024
"""Characters of an answer that are searched."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs; empty filters let everything pass. Turns of composites are listed where a provider or a word is asked
    for, which the composite itself does not have."""

    limit: int
    before: str = ""
    """The run after which the page begins: the last of the page before."""
    provider: str = ""
    status: str = ""
    since: float | None = None
    """Unix time of the end; `until` is not in it."""
    until: float | None = None
    source: str = ""
    """dispatch, or the kind of a composite."""
    kind: str = ""
    """Of the origin: cli, mcp …"""
    workdir: str = ""
    """This folder and those below it."""
    text: str = ""
    """Words that must all be in the task or in the answer's beginning."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Ended runs; the one that ended last is the first."""

    lines: bytes = b""
    """Each a JSON line, an entry of the history with all its keys. Made by the store, so that a million of them can be
    passed on without ever being anything else."""
    count: int = 0
    last: str = ""
    """The run in the last of them."""
    unsearched: int = 0
    """Runs whose words are not known yet, where words were asked for."""
