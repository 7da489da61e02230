"""A fault: a code, a sentence, and the next step. The same text in the CLI, MCP, A2A and the dashboard."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why something did not happen.

    `code` is a `FaultKind` when an attempt failed, else one of the request codes below.
    """

    code: str
    message: str
    hint: str = ""
    """What to do next, as a sentence or a command."""
    provider: str = ""
    retry_after: float | None = None
    """Seconds until a retry may work, counted from when the fault was read."""
    resets_at: float | None = None
    """Unix time at which a quota or limit ends, where the provider said so."""
    choices: tuple[str, ...] = ()
    """The valid names, where a name was wrong."""


USAGE = "usage"
NOT_FOUND = "not_found"
AMBIGUOUS = "ambiguous"
CONFLICT = "conflict"
POLICY = "policy"
BUDGET = "budget"
CALLER = "caller"
"""A provider that is not asked because it asks."""
NO_PROVIDER = "no_provider"
UNREACHABLE = "unreachable"
DRAINING = "draining"
CONFIG = "config"
PROTOCOL = "protocol"
STORAGE = "storage"
INTERNAL = "internal"
LOST = "lost"
UNSTARTED = "unstarted"
"""The daemon ended between its choice and the agent's start: nothing was run."""
DEPENDENCY = "dependency"
WORKTREE = "worktree"
"""The folder of an isolated run could not be made."""
VERIFY = "verify"
"""The agent finished, and the project's own check says that its work is no good."""


class FaultError(Exception):
    """A fault on its way up to whoever asked."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.code}: {fault.message}")
        self.fault = fault


def refuse(code: str, message: str, hint: str = "", **more: object) -> FaultError:
    """The error to raise: `raise refuse(USAGE, "…", "…")`."""
    return FaultError(msgspec.convert({"code": code, "message": message, "hint": hint, **more}, Fault))


def unknown_name(kind: str, name: str, valid: Iterable[str], *, code: str = USAGE) -> FaultError:
    """A name that is not one of `valid`: names the nearest and all valid ones; never a substitution."""
    names = tuple(sorted(valid))
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    known = ", ".join(names) or "none"
    return refuse(code, f"There is no {kind} {name!r}.{guess}", f"Known: {known}.", choices=names)
