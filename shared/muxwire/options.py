"""Options that several requests have in common, each said once: its type, its bounds, its help, its flag."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from muxwire.words import Effort


def flag(*names: str, **more: object) -> dict[str, object]:
    """How a field is spelled on the command line; `flag("-p", "--provider")`, `flag(positional=True)`."""
    return {"cli": {"flags": list(names), **more}}


Workdir = Annotated[str, Meta(description="Folder to work in.", extra=flag("-w", "--workdir"))]
Isolated = Annotated[
    bool, Meta(description="Work in a git worktree of its own; see `muxctl diff`.", extra=flag("--worktree"))
]
Carry = Annotated[bool, Meta(description="Take along what is not committed (with --worktree).", extra=flag("--carry"))]
Profile = Annotated[str, Meta(description="Named profile from profiles.toml.", extra=flag("--profile"))]
Reasoning = Annotated[
    Effort | None, Meta(description="How hard the model should think.", extra=flag("--reasoning-effort"))
]
MaxCost = Annotated[
    Annotated[float, Meta(ge=0)] | None,
    Meta(description="Dollars it may cost in all.", extra=flag("--budget")),
]
Priority = Annotated[int, Meta(description="Higher runs first.", ge=-100, le=100, extra=flag("--priority"))]
WholeTimeout = Annotated[
    Annotated[int, Meta(ge=1)] | None,
    Meta(description="Seconds after which it ends, waiting included.", extra=flag("-t", "--timeout")),
]
WaitSeconds = Annotated[
    Annotated[float, Meta(ge=0)] | None,
    Meta(description="Seconds to wait for the end before answering as it stands.", extra=flag("--wait")),
]
Background = Annotated[bool, Meta(description="Answer with the run id at once.", extra=flag("--background"))]
CancelOnHangup = Annotated[
    bool,
    Meta(
        description="Cancel it when this command is interrupted, killed or hangs up.",
        extra=flag("--cancel-on-interrupt"),
    ),
]
IdempotencyKey = Annotated[
    str, Meta(description="The same key attaches to the same run.", extra=flag("--idempotency-key"))
]
