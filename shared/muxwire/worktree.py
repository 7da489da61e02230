"""What a run has changed in its worktree."""

from __future__ import annotations

import msgspec

from muxwire.runs import Changes


class Patch(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a run has changed in its worktree."""

    run_id: str
    checkout: str
    """The folder that it can be applied to."""
    changes: Changes
    patch: bytes
    """As `git diff --binary` writes it; not always UTF-8."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The changes are in the user's checkout now, or (discarded) nowhere; the worktree is gone."""

    run_id: str
    checkout: str
    changes: Changes
