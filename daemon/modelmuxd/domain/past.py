"""What has ended, as a list of it shows it; and what may be asked of such a list."""

from __future__ import annotations

import msgspec
from muxwire.faults import Fault
from muxwire.words import FinalState

from modelmuxd.domain.usage import Usage

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


class Past(msgspec.Struct, frozen=True, gc=False):
    """An ended run."""

    run_id: str
    created_at: float
    started_at: float | None
    ended_at: float
    state: FinalState
    asked: str
    """The provider that was asked for."""
    provider: str
    model: str
    session_id: str
    summary: str
    task: str
    output: str
    output_size: int
    cost_micros: int | None
    plan_micros: int | None
    priced_by: str
    failover_from: str
    caller_excluded: str
    profile: str
    sandbox: str
    workdir: str
    kind: str
    caller: str
    source: str
    part_of: str
    step: str
    cleaned: bool
    fault: Fault | None
    usage: Usage | None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    runs: tuple[Past, ...]
    """The one that ended last is the first."""
    unsearched: int = 0
    """Runs whose words are not known yet, where words were asked for."""
