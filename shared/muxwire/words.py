"""The words that mean one thing everywhere: states, waiting reasons, fault kinds, sandboxes, exit codes.

Plain literals and frozen sets, so that importing them costs nothing.
"""

from __future__ import annotations

from typing import Literal, get_args

State = Literal["queued", "waiting", "running", "success", "error", "timeout", "canceled", "blocked", "lost"]
"""Where a run stands. The last six are final."""

FinalState = Literal["success", "error", "timeout", "canceled", "blocked", "lost"]

WaitReason = Literal[
    "slots",
    "cooldown",
    "quota",
    "login",
    "environment",
    "input",
    "paused",
    "budget",
    "dependency",
    "workdir",
    "not_before",
]
"""Why a run in state `waiting` waits; a sentence and, where known, a time stand beside it."""

FaultKind = Literal[
    "auth",
    "quota",
    "rate_limit",
    "overloaded",
    "transient",
    "invalid_request",
    "context_too_long",
    "refused",
    "not_installed",
    "sandbox_denied",
    "needs_input",
    "timeout",
    "canceled",
    "crashed",
    "output_limit",
]
"""Why an attempt failed, as its adapter reads it."""

Sandbox = Literal["read-only", "write", "full"]
"""`read-only`: no changes to files through its tools; `write`: edits inside the workdir; `full`: anything."""

Enforcement = Literal["kernel", "permission", "no_tools", "remote", "none"]
"""How a sandbox word was kept for one attempt."""

Effort = Literal["low", "medium", "high", "xhigh"]
"""How hard a model should think; adapters map it to what their CLI knows or refuse it by name."""

STATES: frozenset[str] = frozenset(get_args(State))
FINAL_STATES: frozenset[str] = frozenset(get_args(FinalState))
FAULT_KINDS: frozenset[str] = frozenset(get_args(FaultKind))
SANDBOXES: tuple[str, ...] = get_args(Sandbox)
EFFORTS: tuple[str, ...] = get_args(Effort)

EXIT_SUCCESS = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_NO_PROVIDER = 4
EXIT_UNREACHABLE = 5
EXIT_LOST = 6
EXIT_TIMEOUT = 124
EXIT_CANCELED = 130

EXIT_BUSY = 75
"""The daemon's own: another daemon holds the lock (EX_TEMPFAIL)."""
EXIT_CONFIG = 78
"""The daemon's own: bad configuration, or a state folder written by a newer version (EX_CONFIG)."""
