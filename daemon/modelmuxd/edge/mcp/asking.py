"""One tool call as the handlers of the methods see it, and what its client is told of it meanwhile."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

import anyio
import msgspec
from muxwire import protocol
from muxwire.events import AttemptStarted, Notice, StateChanged, Text, ToolUsed

from modelmuxd.edge.calls import Call

BEAT = 1.0
"""Seconds between looks whether there is something to tell."""
QUIET = 10.0
"""Seconds after which the client is told that it goes on, though nothing is new."""
SHOWN = 200
"""Characters of an agent's last line."""

Report = Callable[[float, float | None, str | None], Coroutine[Any, Any, None]]


class Asking(Call):
    """A call below the call that carries the session."""

    def __init__(self, session: Call, need: Callable[[Collection[str]], Awaitable[dict[str, str]]]) -> None:
        asked = protocol.Call(session.id, "mcp", msgspec.Raw())
        hello = msgspec.structs.replace(session.hello, role="mcp")
        super().__init__(asked, None, hello, session.peer, session._line, session.answer)
        self._need = need
        self.run_id = ""
        self.taken = anyio.Event()
        """Set when the run is known."""
        self.begun = 0.0
        """Unix time of the run's first event: progress counts from it, so that it grows over daemons."""
        self.last = ""

    async def event(self, value: Any) -> None:
        self.begun = self.begun or value.at
        if isinstance(value, StateChanged):
            self.about(value.run_id)
            self.last = value.text or value.state
        elif isinstance(value, AttemptStarted):
            self.last = f"{value.provider} works"
        elif isinstance(value, (Text, Notice)):
            self.last = _line(value.text) or self.last
        elif isinstance(value, ToolUsed):
            self.last = f"{value.name} {value.detail}".strip()

    def about(self, run_id: str) -> None:
        """Which run it is about."""
        if run_id and not self.run_id:
            self.run_id = run_id
            self.taken.set()

    @property
    def left(self) -> bool:
        """A client that hangs up detaches; only a word of its own cancels."""
        return self.dropped

    async def need(self, names: Collection[str], *, timeout: float = 10.0) -> dict[str, str]:
        return await self._need(names)

    async def tell(self, report: Report) -> None:
        """Until cancelled: what the agent said last, at most once a second, growing."""
        told, last, due = 0.0, "", 0.0
        while True:
            await anyio.sleep(BEAT)
            now = time.time()
            if not self.begun or (self.last == last and now < due):
                continue
            told, last, due = max(now - self.begun, told + 0.001), self.last, now + QUIET
            await report(round(told, 3), None, last[:SHOWN])


def _line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
