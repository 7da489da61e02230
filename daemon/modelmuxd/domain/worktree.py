"""The folder of an isolated run."""

from __future__ import annotations

import msgspec


class Worktree(msgspec.Struct, frozen=True, kw_only=True):
    """The git worktree that a run works in, away from its caller's files."""

    name: str
    """The run that began it; all turns of its sessions share it."""
    path: str
    checkout: str
    """Top of the caller's checkout, to which changes may be applied."""
    repository: str
    """The git folder that all its worktrees share."""
    folder: str = ""
    """The workdir, relative to the top."""
    base: str
    """The commit from which changes are counted; with `carry`, one that holds what was not committed."""
    carry: bool = False
    copied: tuple[str, ...] = ()
    """Ignored files that went along, relative to the top; they are no part of what has changed."""
