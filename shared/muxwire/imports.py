"""Taking over what another version kept, on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from muxwire.faults import Fault
from muxwire.options import flag


class ImportParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Take over what modelmux 0.29 kept. What was taken over before is not taken again."""

    version: Annotated[Literal["0.29"], Meta(description="Whose files they are: 0.29.", extra=flag(positional=True))]
    folder: Annotated[
        str, Meta(description="The folder of 0.29's files (default: ~/.config/modelmux).", extra=flag("--from"))
    ] = ""
    dry_run: Annotated[bool, Meta(description="Only tell what would be taken over.", extra=flag("--dry-run"))] = False


class ImportedFile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of one file; the numbers are of its lines, or of what it lists."""

    name: str
    missing: bool = False
    taken: int = 0
    known: int = 0
    """Taken over before, or told twice."""
    damaged: int = 0
    """Torn, not UTF-8, or not what such a line holds."""
    too_long: int = 0
    unmatched: int = 0
    """Ratings of runs that are not there: routing learns them all the same."""
    first_damaged: int | None = None
    """Number of the first line that was left out."""
    note: str = ""
    fault: Fault | None = None
    """Why it was not taken over at all."""


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    folder: str
    dry_run: bool
    files: tuple[ImportedFile, ...]
