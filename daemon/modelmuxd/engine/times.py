"""Times of day and spans, as sentences name them."""

from __future__ import annotations

import re
from datetime import datetime

from muxwire.faults import USAGE, refuse
from muxwire.retention import AGE, seconds


def at(until: float, now: float) -> str:
    """A local time of day, with its date unless it comes within half a day.

    >>> at(0.5, 0.0) == datetime.fromtimestamp(0).astimezone().strftime("%H:%M:%S")
    True
    """
    when = datetime.fromtimestamp(until).astimezone()
    if until - now < 60:
        return when.strftime("%H:%M:%S")
    return when.strftime("%H:%M" if until - now < 43_200 else "%a %d %b %H:%M")


def moment(said: str, now: float) -> float:
    """The time that somebody means: a day, a day and a time (local unless it says a zone), or an age such as 7d.
    Raises FaultError(USAGE).

    >>> moment("2d", 200_000.0), moment("1970-01-02T00:00Z", 0.0)
    (27200.0, 86400.0)
    """
    if re.search(AGE, said, re.ASCII):
        return now - seconds(said)
    try:
        return datetime.fromisoformat(said.strip().replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError, OSError):
        raise refuse(USAGE, f"{said!r} is no time.", "Write 2026-11-01, 2026-11-01T12:00, or an age: 7d.") from None


def midnight(now: float) -> float:
    """When the local day began.

    >>> begun = midnight(1_800_000_000.0)
    >>> datetime.fromtimestamp(begun).strftime("%H:%M:%S"), 0 <= 1_800_000_000.0 - begun < 90_001
    ('00:00:00', True)
    """
    return datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def span(length: float) -> str:
    """A length of time, in one unit.

    >>> span(45), span(90), span(7200)
    ('45 s', '2 min', '2 h')
    """
    if length < 60:
        return f"{length:.0f} s"
    return f"{length / 60:.0f} min" if length < 5400 else f"{length / 3600:.0f} h"
