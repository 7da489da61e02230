"""How an attempt ended of which its agent has said nothing: it never started, it vanished, nobody can read it. Pure."""

from __future__ import annotations

from muxwire.faults import LOST, UNSTARTED, Fault

from modelmuxd.runner.interface import LaunchFailed
from modelmuxd.store.records import Attempt, Settle


def ended_with(attempt: Attempt, fault: Fault) -> Settle:
    """The end of an attempt whose agent said nothing."""
    return Settle(
        run_id=attempt.run_id, number=attempt.number, epoch=attempt.epoch, attempt_state=fault.code, fault=fault
    )


def not_started(attempt: Attempt, error: LaunchFailed) -> Fault:
    return Fault(
        code="not_installed",
        message=f"{attempt.provider} could not be started: {error}",
        hint="See `muxctl check --refresh`.",
        provider=attempt.provider,
    )


def lost(attempt: Attempt) -> Fault:
    return Fault(
        code=LOST,
        message=f"{attempt.provider} vanished without an exit status.",
        hint="It may have changed files; look before you send the task again.",
        provider=attempt.provider,
    )


def nobody_reads(attempt: Attempt) -> Fault:
    text = f"{attempt.provider} is not in the settings any more: nobody can read what it says, and it was ended."
    return Fault(LOST, text, "Look at what it changed, then `muxctl retry` it.", provider=attempt.provider)


def never_started(attempt: Attempt) -> Fault:
    return Fault(
        code=UNSTARTED,
        message=f"The daemon ended before {attempt.provider} was started; nothing was run.",
        provider=attempt.provider,
    )
