"""Which exit code an answer or a fault means. One rule for every command and every front end.

A run that has not ended (`--background`, or `--wait` ran out) is no failure: its state says where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable

from muxwire import faults, words
from muxwire.faults import Fault
from muxwire.runs import RunResult

_OF_STATE: dict[str, int] = {
    "success": words.EXIT_SUCCESS,
    "error": words.EXIT_FAILED,
    "timeout": words.EXIT_TIMEOUT,
    "canceled": words.EXIT_CANCELED,
    "blocked": words.EXIT_REFUSED,
    "lost": words.EXIT_LOST,
}

_NO_PROVIDER = (faults.NO_PROVIDER, "auth", "not_installed")

_OF_FAULT: dict[str, int] = {
    faults.USAGE: words.EXIT_USAGE,
    faults.NOT_FOUND: words.EXIT_USAGE,
    faults.AMBIGUOUS: words.EXIT_USAGE,
    faults.CONFLICT: words.EXIT_USAGE,
    faults.CONFIG: words.EXIT_USAGE,
    faults.POLICY: words.EXIT_REFUSED,
    faults.BUDGET: words.EXIT_REFUSED,
    faults.UNREACHABLE: words.EXIT_UNREACHABLE,
    faults.DRAINING: words.EXIT_UNREACHABLE,
    faults.PROTOCOL: words.EXIT_UNREACHABLE,
    faults.LOST: words.EXIT_LOST,
    "timeout": words.EXIT_TIMEOUT,
    "canceled": words.EXIT_CANCELED,
} | dict.fromkeys(_NO_PROVIDER, words.EXIT_NO_PROVIDER)

TABLE: tuple[tuple[int, str], ...] = (
    (words.EXIT_SUCCESS, "done, or accepted and still under way"),
    (words.EXIT_FAILED, "the task failed, or its review did not approve it"),
    (words.EXIT_USAGE, "wrong usage: an unknown option, name, run or configuration key"),
    (words.EXIT_REFUSED, "refused by policy or budget"),
    (words.EXIT_NO_PROVIDER, "no usable provider: none installed, logged in, or out of cooldown"),
    (words.EXIT_UNREACHABLE, "the daemon cannot be reached"),
    (words.EXIT_LOST, "lost: the agent vanished without a status and may have changed files"),
    (words.EXIT_TIMEOUT, "the run timed out"),
    (words.EXIT_CANCELED, "interrupted or canceled"),
)
"""What `muxctl help exit-codes` and the README print."""


def of_fault(fault: Fault) -> int:
    """The exit code of a request that was refused or failed."""
    return _OF_FAULT.get(fault.code, words.EXIT_FAILED)


def of_run(result: RunResult) -> int:
    """The exit code of a dispatch that gave this result: 0 while the run has not ended."""
    return of_state(result.status, result.error)


def of_state(state: str, fault: Fault | None) -> int:
    """The same of whatever stands somewhere and may have failed."""
    if state == "error" and fault is not None and fault.code in _NO_PROVIDER:
        return words.EXIT_NO_PROVIDER
    return _OF_STATE.get(state, words.EXIT_SUCCESS)


def of_runs(results: Iterable[RunResult]) -> int:
    """The exit code of waiting for several runs: the first that is not 0."""
    return next((code for result in results if (code := of_run(result))), words.EXIT_SUCCESS)
