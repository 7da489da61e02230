"""What routing knows now: kept in memory, brought up to the newest signal when it is asked for.

Signals are written by whoever has them, in the transaction of what they tell of; so nothing is lost here, and nothing
is learned twice.
"""

from __future__ import annotations

import anyio

from modelmuxd.domain.knowledge import Knowledge
from modelmuxd.routing.learn import learn
from modelmuxd.store.interface import TaskStore

PAGE = 500
KEEP_EVERY = 50
"""Signals after which the knowledge is kept, so that a start need not read all of them again."""


class Learned:
    def __init__(self, store: TaskStore) -> None:
        self._store = store
        self._known = Knowledge()
        self._through = -1
        self._kept = 0
        self._lock = anyio.Lock()

    async def now(self) -> Knowledge:
        async with self._lock:
            if self._through < 0:
                self._known, self._through = await self._store.knowledge()
                self._kept = self._through
            while new := await self._store.signals(self._through, PAGE):
                for number, signal in new:
                    self._known, self._through = learn(self._known, signal), number
            if self._through - self._kept >= KEEP_EVERY:
                await self._store.keep_knowledge(self._known, self._through)
                self._kept = self._through
            return self._known

    async def replace(self, known: Knowledge) -> Knowledge:
        """Go on from this, and forget the rest."""
        await self.now()
        async with self._lock:
            self._through = self._kept = await self._store.replace_knowledge(known)
            self._known = known
            return known
