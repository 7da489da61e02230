"""Which turns have moved since their conductor looked last."""

from __future__ import annotations

import anyio

from modelmuxd.store.records import NewTask


class Inbox:
    """A set of run ids for each composite that is conducted; the composite's own stands for a wish to end it."""

    def __init__(self) -> None:
        self._moved: dict[str, set[str]] = {}
        self._events: dict[str, anyio.Event] = {}

    def open(self, composite: str) -> None:
        self._moved[composite], self._events[composite] = set(), anyio.Event()

    def close(self, composite: str) -> None:
        self._moved.pop(composite, None)
        self._events.pop(composite, None)

    def put(self, run: NewTask) -> None:
        """A run stands elsewhere than before; nothing when nobody conducts it."""
        for composite in (run.part_of, run.run_id):
            if composite in self._moved:
                self._moved[composite].add(run.run_id)
                self._events[composite].set()

    async def take(self, composite: str) -> set[str]:
        """Waits until there are some."""
        await self._events[composite].wait()
        self._events[composite] = anyio.Event()
        moved, self._moved[composite] = self._moved[composite], set()
        return moved
