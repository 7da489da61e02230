"""What has ended, on the wire: 0.29's keys, and ours beside them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from muxwire.faults import Fault
from muxwire.options import flag
from muxwire.runs import Cost, TokenUsage
from muxwire.words import State

Text = Annotated[str, Meta(max_length=1000)]
Status = Literal["", "success", "error", "timeout", "canceled", "blocked", "lost"]
Source = Literal["", "dispatch", "broadcast", "collaborate", "workflow", "decompose"]
Trend = Literal["", "hour", "day"]


class HistoryParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has ended, newest first; or what it comes to."""

    limit: Annotated[
        Annotated[int, Meta(ge=0, le=1000)], Meta(description="How many runs to list.", extra=flag("-n", "--limit"))
    ] = 20
    before: Annotated[
        str, Meta(description="Go on after this run, the last of the page before.", extra=flag("--before"))
    ] = ""
    text: Annotated[
        Text, Meta(description="Words that are in the task or the answer's beginning.", extra=flag("-s", "--search"))
    ] = ""
    provider: Annotated[Text, Meta(description="Only this provider's.", extra=flag("-p", "--provider"))] = ""
    status: Annotated[Status, Meta(description="Only those that ended so.", extra=flag("--status"))] = ""
    hours: Annotated[
        Annotated[float, Meta(ge=0, le=1e6)] | None,
        Meta(description="Only the last so many hours (0: all).", extra=flag("--hours")),
    ] = None
    since: Annotated[
        Text, Meta(description="Ended then or later: 2026-11-01, 2026-11-01T12:00, 7d.", extra=flag("--since"))
    ] = ""
    until: Annotated[Text, Meta(description="Ended before then.", extra=flag("--until"))] = ""
    source: Annotated[Source, Meta(description="Only what was asked by this command.", extra=flag("--source"))] = ""
    origin: Annotated[Text, Meta(description="Only what came by cli, mcp …", extra=flag("--origin"))] = ""
    workdir: Annotated[
        str, Meta(description="Only what was done in this folder and below.", extra=flag("-w", "--workdir"))
    ] = ""
    stats: Annotated[bool, Meta(description="What it comes to, by provider.", extra=flag("--stats"))] = False
    costs: Annotated[bool, Meta(description="Tokens and costs too.", extra=flag("--costs"))] = False
    trend: Annotated[Trend, Meta(description="What it comes to, by hour or day.", extra=flag("--trend"))] = ""


class HistoryEntry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """An ended run: the canonical result with its answer's beginning."""

    ts: float
    """When it ended."""
    run_id: str
    source: str
    """dispatch, broadcast …; with `cli-` before it where it came by the command line, as in 0.29."""
    provider: str
    status: State
    task: str
    """The first 500 characters."""
    summary: str
    output: str
    """The first 2,000 characters; `muxctl show` has all of it."""
    session_id: str
    duration_seconds: float
    token_usage: TokenUsage | None = None
    cost: Cost | None = None
    error: Fault | None = None
    model: str = ""
    routed_from: str | None = None
    caller_excluded: str | None = None
    failover_from: str | None = None
    profile: str = ""
    sandbox: str = ""
    workdir: str = ""
    origin: str = ""
    caller: str = ""
    output_size: int | None = None
    output_cleaned: bool = False
    part_of: str = ""
    step: str = ""


class ProviderSums(msgspec.Struct, frozen=True, kw_only=True):
    calls: int
    success: int
    error: int
    """All that did not end well."""
    avg_duration: float
    """Seconds."""
    success_rate: float
    """Of 100."""


class ProviderCosts(msgspec.Struct, frozen=True, kw_only=True):
    calls: int
    input_tokens: int
    output_tokens: int
    total_cost: float
    """US dollars, as far as known."""
    plan_usd: float = 0.0
    """What plans have paid for, at list price."""
    unpriced: int = 0
    """Attempts at an unknown cost."""


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    entries_with_usage: int
    total_input_tokens: int
    total_output_tokens: int
    total_cost_usd: float
    plan_usd: float
    unpriced: int
    by_provider: dict[str, ProviderCosts]


class TrendLine(msgspec.Struct, frozen=True, kw_only=True):
    """What ended in an hour, or in a day of the daemon's time zone."""

    at: float
    """Unix time at which it began."""
    calls: int
    success: int
    tokens: int
    cost_usd: float
    plan_usd: float
    unpriced: int = 0
    """Attempts at an unknown cost."""


class HistoryResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A page of entries, or (`stats`, `trend`) sums. Turns of composites count with their providers."""

    count: int | None = None
    entries: tuple[HistoryEntry, ...] | None = None
    next: str = ""
    """`before` of the next page; empty on the last one."""
    unsearched: int = 0
    """Runs whose words are not known yet, where words were asked for."""
    total: int | None = None
    by_provider: dict[str, ProviderSums] | None = None
    by_source: dict[str, int] | None = None
    """By where it came from: cli, mcp …"""
    costs: Costs | None = None
    trend: tuple[TrendLine, ...] | None = None
