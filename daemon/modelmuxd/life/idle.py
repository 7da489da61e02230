"""A daemon that a client started ends by itself when nobody has needed it for a while."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import anyio
import msgspec

LIMIT = 30 * 60.0
"""Seconds without connections and unfinished tasks."""


class Activity(msgspec.Struct, frozen=True):
    """What keeps the daemon here."""

    connections: int
    unfinished: int
    """Tasks that have not ended, those that wait until tomorrow included."""
    since: float
    """When a connection last ended (or the daemon began), on the clock of whoever looks."""


def due_in(activity: Activity, now: float, limit: float = LIMIT) -> float:
    """Seconds until it is worth looking again; 0 when it is time to go.

    While busy that is the whole limit: the daemon cannot have been idle that long before then.
    """
    if activity.connections or activity.unfinished:
        return limit
    return max(0.0, activity.since + limit - now)


async def until_idle(
    look: Callable[[], Activity],
    *,
    limit: float = LIMIT,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> None:
    """Return when nobody has needed the daemon for `limit` seconds. Wakes only when that may be so.

    When a task ended is not known better than by the look that finds it gone, so the time counts from there.
    """
    ended, unfinished = 0.0, 0
    while True:
        activity = look()
        if unfinished and not activity.unfinished:
            ended = now()
        unfinished = activity.unfinished
        activity = msgspec.structs.replace(activity, since=max(activity.since, ended))
        if not (wait := due_in(activity, now(), limit)):
            return
        await sleep(wait)
