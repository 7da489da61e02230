"""How the daemon's own end treats the agents: leave them, wait for them, or end them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from modelmuxd.engine.attempts import Attempts
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.scheduler import Scheduler


class Ending:
    def __init__(self, *, attempts: Attempts, scheduler: Scheduler, hub: Hub) -> None:
        self._attempts = attempts
        self._scheduler = scheduler
        self._hub = hub

    @property
    def running(self) -> int:
        return self._scheduler.running

    def refuse_new_work(self) -> None:
        """What waits stays in the store for the next daemon."""
        self._scheduler.drain()

    def kill(self) -> None:
        """Every running agent's tree ends; their runs are `canceled`."""
        for live in self._attempts.live.values():
            live.end("canceled")

    async def gone(self) -> AsyncIterator[int]:
        """How many agents run, at each change, until none does."""
        while True:
            changed = self._hub.changed()
            yield self.running
            if not self.running:
                return
            await changed.wait()
