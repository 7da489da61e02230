"""Times of day and spans, as sentences name them."""

from __future__ import annotations

from datetime import datetime


def at(until: float, now: float) -> str:
    """A local time of day, with its date unless it comes within half a day.

    >>> at(0.5, 0.0) == datetime.fromtimestamp(0).astimezone().strftime("%H:%M:%S")
    True
    """
    when = datetime.fromtimestamp(until).astimezone()
    if until - now < 60:
        return when.strftime("%H:%M:%S")
    return when.strftime("%H:%M" if until - now < 43_200 else "%a %d %b %H:%M")


def midnight(now: float) -> float:
    """When the local day began.

    >>> begun = midnight(1_800_000_000.0)
    >>> datetime.fromtimestamp(begun).strftime("%H:%M:%S"), 0 <= 1_800_000_000.0 - begun < 90_001
    ('00:00:00', True)
    """
    return datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def span(seconds: float) -> str:
    """A length of time, in one unit.

    >>> span(45), span(90), span(7200)
    ('45 s', '2 min', '2 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
