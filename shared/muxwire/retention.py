"""How long things are kept, and what `muxctl clean` takes away."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from muxwire.options import flag

Kept = Literal["outputs", "events", "runs"]
"""`outputs`: answers and what agents printed; `events`: what happened in a run, step by step; `runs`: all of it."""
KEPT: tuple[Kept, ...] = get_args(Kept)

AGE = r"^[0-9]{1,5}[hdw]$"
_HOURS = {"h": 1, "d": 24, "w": 168}


def seconds(age: str) -> float:
    """Of an age such as `12h`, `30d` or `8w`.

    >>> seconds("2d")
    172800.0
    """
    return float(age[:-1]) * _HOURS[age[-1]] * 3600


class CleanParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Take away what is old; of runs that have ended, and nothing else."""

    what: Annotated[
        tuple[Kept, ...], Meta(description="outputs, events or runs (default: all three).", extra=flag(positional=True))
    ] = ()
    older_than: Annotated[
        str, Meta(description="12h, 30d, 8w (default: what [retention] says).", extra=flag("--older-than"))
    ] = ""
    dry_run: Annotated[bool, Meta(description="Only tell what would go.", extra=flag("--dry-run"))] = False


class CleanLine(msgspec.Struct, frozen=True):
    what: Kept
    before: float
    """Unix time: what ended earlier goes."""
    runs: int
    bytes: int
    """Of texts in the record and files beside it; about what they took."""


class CleanResult(msgspec.Struct, frozen=True, omit_defaults=True):
    lines: tuple[CleanLine, ...]
    dry_run: bool = False
    pending: int = 0
    """Runs that are old enough and stay, since their worktree waits for `muxctl apply` or `discard`."""


class Space(msgspec.Struct, frozen=True):
    """Bytes on disk."""

    database: int
    reusable: int
    """Of these, free for new rows: a database file does not shrink."""
    spool: int
    worktrees: int
    logs: int
    free: int
    """What is left on that disk."""
