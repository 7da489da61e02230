"""Sessions that can go on."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from muxwire.options import flag


class SessionsParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Conversations that can go on."""

    limit: Annotated[int, Meta(description="How many to list.", ge=1, le=500, extra=flag("-n", "--limit"))] = 20


class SessionLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    provider: str
    session_id: str
    """The provider's own, or for one that keeps none the run that began it."""
    workdir: str
    """Where its agent works."""
    turns: int
    last_run: str
    last_at: float
    task: str
    """The first 120 characters of its last turn's."""
    model: str = ""


class SessionList(msgspec.Struct, frozen=True):
    sessions: tuple[SessionLine, ...]
