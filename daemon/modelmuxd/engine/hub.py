"""Wake-ups for whoever follows a run. Nothing is queued here: followers read the store from their own cursor."""

from __future__ import annotations

import anyio

ANY = ""
"""The topic that every change touches, for live status views."""


class Hub:
    """One event per topic somebody waits for; it is set once and replaced.

    Take the event *before* reading what it announces: a change between the read and the wait is then never missed.
    """

    def __init__(self) -> None:
        self._events: dict[str, anyio.Event] = {}

    def changed(self, topic: str = ANY) -> anyio.Event:
        """An event that the next change of this topic sets."""
        return self._events.setdefault(topic, anyio.Event())

    def notify(self, topic: str) -> None:
        for name in (topic, ANY):
            if event := self._events.pop(name, None):
                event.set()
