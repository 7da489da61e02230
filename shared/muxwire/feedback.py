"""What users think of answers, on the wire: 0.29's words."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from muxwire.options import flag

LISTED = 20


class FeedbackParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rate a run's answer, or list what was rated. A rating of the same run takes the place of an earlier one."""

    run_id: Annotated[
        str, Meta(description="Run id, or 6 or more of its first characters.", extra=flag("--run-id"))
    ] = ""
    provider: Annotated[
        str, Meta(description="Whose answer is meant, of several (default: the last).", extra=flag("-p", "--provider"))
    ] = ""
    rating: Annotated[
        Annotated[int, Meta(ge=1, le=5)] | None,
        Meta(description="1 (of no use) to 5 (as good as can be).", extra=flag("-r", "--rating")),
    ] = None
    comment: Annotated[
        Annotated[str, Meta(max_length=2000)], Meta(description="A word about it, for you.", extra=flag("--comment"))
    ] = ""
    list: Annotated[bool, Meta(description=f"Show the last {LISTED} ratings.", extra=flag("--list"))] = False


class FeedbackLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    at: float
    run_id: str
    provider: str
    rating: int
    category: str = ""
    """The kind of work, as routing names it; empty when it is not known."""
    comment: str = ""


class FeedbackResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The rating as it was kept, or (`entries`) those that there are, the newest first."""

    status: str
    """`ok`."""
    run_id: str = ""
    provider: str = ""
    rating: int | None = None
    category: str = ""
    before: int | None = None
    """The rating whose place it took."""
    count: int | None = None
    entries: tuple[FeedbackLine, ...] | None = None
