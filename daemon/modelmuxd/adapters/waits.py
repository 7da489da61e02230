"""When a provider says that it may be asked again.

Nothing but the providers' own words: seconds, durations, stamps, dates, and times of day. A time of day means the next
one after the attempt began, so that no clock is read here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import msgspec


class Wait(msgspec.Struct, frozen=True):
    retry_after: float | None = None
    """Seconds from when it was said."""
    resets_at: float | None = None
    """Unix time."""


NO_WAIT = Wait()
LONGEST = 90 * 86400.0
"""No limit lasts longer than a quarter; a longer wait is a misreading, and ought not to park a task for years."""

_SHORT = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hr": 3600, "d": 86400}
_LONG = {"millisecond": 0.001, "second": 1, "minute": 60, "hour": 3600, "day": 86400}
_UNIT = {**_SHORT, **_LONG}
_AMOUNT = r"\d+(?:\.\d+)?\s*(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![A-Za-z])"
_DURATION = rf"(?:{_AMOUNT}(?:,?\s*(?:and\s+)?)?)+"
_WORDED = re.compile(
    r"(?:(?:retry|try again|available again|resets?)\s+(?:after|in)|retry[_ -]?delay\"?\s*[:=])"
    rf"\s*\"?({_DURATION})",
    re.IGNORECASE,
)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")
_HEADER = re.compile(
    r"retry[-_ ]after(?:[-_](ms|seconds))?\"?\s*[:=]?\s*\"?(\d+(?:\.\d+)?)(?![\d.]*\s*[A-Za-z:/-])", re.IGNORECASE
)
_MILLIS = re.compile(r"retry_?delay_?ms\"?\s*[:=]\s*\"?(\d+(?:\.\d+)?)", re.IGNORECASE)
_STAMP = re.compile(r"(?:limit reached\|\s*|resets?[_ ]?at\"?\s*[:=]?\s*\"?)(\d{10}|\d{13})(?!\d)", re.IGNORECASE)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)")
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT")
_CLOCK = re.compile(
    r"(?i:try again at|resets?(?: at)?|available again at)\s+"
    r"(?:(?P<month>[A-Z][a-z]{2})[a-z]*\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?:(?P<year>\d{4}),?\s+)?(?:at\s+)?)?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s*(?P<half>[AaPp])\.?[Mm]\.?(?:\s*\((?P<zone>[A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)*)\))?"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read_wait(said: str, began: float | None = None) -> Wait:
    """What a text says about the end of a limit; relative forms as `retry_after`, absolute ones as `resets_at`.

    `began` is the Unix time at which the attempt began; without it times of day and dates with no year mean nothing.
    """
    said = said[:20000]
    if (delay := _delay(said)) is not None:
        return Wait(retry_after=delay)
    stamp = _stamp(said)
    return Wait(resets_at=stamp if stamp is not None else _clock(said, began))


def seconds(value: object) -> float | None:
    """A sane number of seconds, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= LONGEST else None


def epoch(value: object) -> float | None:
    """A sane Unix time, given in seconds or milliseconds, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1e9 <= value < 1e14:
        return None
    return value / 1000 if value >= 1e11 else float(value)


def _delay(said: str) -> float | None:
    if found := _MILLIS.search(said):
        return seconds(float(found[1]) / 1000)
    if found := _WORDED.search(said):
        return seconds(sum(float(number) * _unit(unit) for number, unit in _PART.findall(found[1])))
    if found := _HEADER.search(said):
        return seconds(float(found[2]) / (1000 if (found[1] or "").lower() == "ms" else 1))
    return None


def _unit(word: str) -> float:
    word = word.lower()
    return _UNIT.get(word) or _UNIT.get(word.rstrip("s"), 1)


def _stamp(said: str) -> float | None:
    if found := _STAMP.search(said):
        return epoch(int(found[1]))
    if found := _ISO.search(said):
        offset = "+00:00" if found[3] in ("Z", "UTC") else found[3][:3] + ":" + found[3][-2:]
        return _or_none(lambda: datetime.fromisoformat(f"{found[1]}T{found[2]}{offset}"))
    if date := _HTTP_DATE.search(said):
        return _or_none(lambda: _http_date(*date.groups()))
    return None


def _http_date(day: str, month: str, year: str, *time: str) -> datetime:
    """RFC 9110 5.6.7, as `Retry-After` has it."""
    hour, minute, second = map(int, time)
    return datetime(int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=timezone.utc)


def _clock(said: str, began: float | None) -> float | None:
    found = _CLOCK.search(said)
    if not found:
        return None
    zone = _zone(found["zone"])
    hour = int(found["hour"]) % 12 + (12 if found["half"] in "Pp" else 0)
    minute = int(found["minute"] or 0)
    if found["year"]:
        return _or_none(lambda: _at(int(found["year"]), found, hour, minute, zone))
    if began is None:
        return None
    start = datetime.fromtimestamp(began, zone).astimezone(zone)
    if found["month"]:
        this = _or_none(lambda: _at(start.year, found, hour, minute, zone))
        return (
            this if this is None or this > began else _or_none(lambda: _at(start.year + 1, found, hour, minute, zone))
        )
    today = start.replace(hour=hour, minute=minute, second=0, microsecond=0) if minute < 60 else start
    return (today if today > start else today + timedelta(days=1)).timestamp()


def _at(year: int, found: re.Match[str], hour: int, minute: int, zone: tzinfo | None) -> datetime:
    moment = datetime(year, _MONTHS.index(found["month"]) + 1, int(found["day"]), hour, minute, tzinfo=zone)
    return moment if zone else moment.astimezone()


def _or_none(make: Callable[[], datetime]) -> float | None:
    """The moment's Unix time; None for a 31 February."""
    try:
        return make().timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _zone(name: str | None) -> tzinfo | None:
    """The named zone; None, the machine's own, which is what a CLI without a name means."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        return None
