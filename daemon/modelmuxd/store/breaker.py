"""An account's circuit: closed, open after failures in a row, half-open when one run may probe it. Pure."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from modelmuxd.domain.account import Account, Breaker

Health = Literal["", "good", "bad"]


def after(account: Account, run_id: str, health: Health, rule: Breaker, now: float) -> Account:
    """The account once an attempt of `run_id` has ended.

    One that says nothing of the account (a cancel, a wrong request) only makes room for the next probe. Bad ends of
    attempts that had begun before the circuit opened do not keep it open longer.
    """
    probed = account.probing == run_id
    if probed:
        account = replace(account, probing="")
    if health == "good":
        return replace(account, failures=0, opened_at=None, opens_until=None, probing="")
    if health == "":
        return account
    account = replace(account, failures=account.failures + 1)
    if account.circuit(now) == "closed":
        return _open(account, rule.seconds, now) if account.failures >= rule.failures else account
    return _open(account, min(2 * _length(account, rule), rule.longest), now) if probed else account


def _open(account: Account, seconds: float, now: float) -> Account:
    return replace(account, opened_at=now, opens_until=now + seconds)


def _length(account: Account, rule: Breaker) -> float:
    """For how long it was open the last time."""
    if account.opened_at is None or account.opens_until is None:
        return rule.seconds
    return account.opens_until - account.opened_at
