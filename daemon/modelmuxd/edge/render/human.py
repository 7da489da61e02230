"""Times, amounts and names as a person reads them. What is not known is `—`, never 0."""

from __future__ import annotations

import datetime

from muxwire.runs import Cost

UNKNOWN = "—"
SHORT_ID = 16
"""Characters of a run id that a table shows. The first 12 or so are its time; runs of one moment must differ too."""


def short(run_id: str) -> str:
    return run_id[:SHORT_ID]


def seconds(value: float | None) -> str:
    """A length of time.

    >>> seconds(0.42), seconds(12), seconds(83), seconds(7300), seconds(None)
    ('0.4 s', '12 s', '1 m 23 s', '2 h 1 m', '—')
    """
    if value is None:
        return UNKNOWN
    if value < 9.95:
        return f"{max(value, 0.0):.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} m"
    return f"{whole // 86400} d"


def ago(then: float | None, now: float) -> str:
    """How long ago.

    >>> ago(1000, 1001), ago(1000, 1190), ago(None, 5)
    ('now', '3 m ago', '—')
    """
    if then is None:
        return UNKNOWN
    gone = now - then
    if gone < 5:
        return "now"
    return f"{_round(gone)} ago"


def until(then: float | None, now: float) -> str:
    """How long from now: `in 4 m`; empty when no time is known."""
    if then is None:
        return ""
    return f"in {_round(then - now)}" if then > now else "now"


def _round(length: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if length >= size:
            return f"{int(length // size)} {unit}"
    return f"{int(length)} s"


def clock(at: float) -> str:
    """A wall-clock time in the daemon's time zone, for a log line."""
    return datetime.datetime.fromtimestamp(at).strftime("%H:%M:%S")


def moment(at: float) -> str:
    """A date and wall-clock time in the daemon's time zone."""
    return datetime.datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


def money(cost: Cost | None) -> str:
    """What was spent, and in brackets what a plan has paid for at list price.

    >>> money(Cost(usd=0.5)), money(Cost(usd=0.0, plan_usd=0.5)), money(Cost(usd=0.5, plan_usd=1.5)), money(None)
    ('$0.50', '[$0.50]', '$0.50 [$1.50]', '—')
    """
    if cost is None:
        return UNKNOWN
    if not cost.plan_usd:
        return dollars(cost.usd)
    plan = f"[{dollars(cost.plan_usd)}]"
    return plan if cost.usd == 0 else f"{dollars(cost.usd)} {plan}"


def dollars(usd: float | None) -> str:
    """Money with two significant places.

    >>> dollars(None), dollars(0.0), dollars(0.00341), dollars(1.5), dollars(1234.0)
    ('—', '$0', '$0.0034', '$1.50', '$1234.00')
    """
    if usd is None:
        return UNKNOWN
    if usd == 0:
        return "$0"
    if usd >= 0.1:
        return f"${usd:.2f}"
    return f"${float(f'{usd:.2g}'):.10f}".rstrip("0")


def count(number: int | None) -> str:
    """A count, short: `950`, `12.3 k`, `4.1 M`."""
    if number is None:
        return UNKNOWN
    if number < 10_000:
        return str(number)
    return f"{number / 1000:.1f} k" if number < 1_000_000 else f"{number / 1_000_000:.1f} M"


def size(octets: int | None) -> str:
    """Memory or a file's size in binary units."""
    if octets is None:
        return UNKNOWN
    amount = float(octets)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
