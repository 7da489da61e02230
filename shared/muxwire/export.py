"""What has ended, on the wire as a stream for a file: the filters of `history`, and 0.29's formats."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from muxwire.history import HistoryResult, Source, Status, Text
from muxwire.options import flag

Format = Literal["csv", "json", "jsonl", "md"]


class ExportParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """What has ended, newest first, in a format that other programs read."""

    format: Annotated[Format, Meta(description="As which of them.", extra=flag("-f", "--format"))] = "csv"
    limit: Annotated[
        Annotated[int, Meta(ge=0)], Meta(description="How many runs at most (0: all).", extra=flag("-n", "--limit"))
    ] = 0
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


class ExportHead(msgspec.Struct, frozen=True, tag="head", tag_field="type"):
    """Comes first."""

    at: float
    statistics: HistoryResult
    """Of all that the filters let pass; `limit` is no filter."""


class ExportPage(msgspec.Struct, frozen=True, tag="page", tag_field="type"):
    lines: bytes
    """Of JSON, one for each run: a `HistoryEntry` with all its keys."""


class ExportResult(msgspec.Struct, frozen=True):
    count: int
