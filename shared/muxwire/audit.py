"""The audit on the wire: what was decided, newest first, as a stream."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from muxwire.history import Text
from muxwire.options import flag


class AuditParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every decision, with who had asked."""

    run_id: Annotated[str, Meta(description="Only about this run.", extra=flag("--run-id"))] = ""
    kind: Annotated[
        Text, Meta(description="Only accept, refuse, route, retry, failover, cancel, end …", extra=flag("--kind"))
    ] = ""
    since: Annotated[Text, Meta(description="Since then: 2026-11-01, 2026-11-01T12:00, 7d.", extra=flag("--since"))] = (
        ""
    )
    limit: Annotated[
        Annotated[int, Meta(ge=0)], Meta(description="How many at most (0: all).", extra=flag("-n", "--limit"))
    ] = 50


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    kind: str
    text: str
    run_id: str
    provider: str
    sandbox: str
    workdir: str
    origin: str
    """How it came: cli, mcp …"""
    caller: str
    """The provider that called, where one did."""
    principal: str
    parent: str
    """The run whose agent asked, where one did."""


class AuditPage(msgspec.Struct, frozen=True, tag="page", tag_field="type"):
    lines: tuple[AuditLine, ...]


class AuditResult(msgspec.Struct, frozen=True):
    count: int
