"""What a watcher will see of an attempt: the adapter's events as wire events, coalesced and appended to the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import anyio
from muxwire import events as wire

from modelmuxd.domain import events as domain
from modelmuxd.engine.answer import Answer
from modelmuxd.engine.results import token_usage

FLUSH_EVERY = 0.05
"""Seconds that text may wait to be coalesced; a reader's eye does not see them."""
FLUSH_SIZE = 64 * 1024
"""Characters that make it flush at once, and so hold the reading back while the store is busy."""

Append = Callable[[tuple[wire.RunEvent, ...]], Awaitable[object]]
Hide = Callable[[str], str]
"""Takes the run's own secrets out of a text."""


class Recorder:
    """Collects one attempt's events. `text_seen` and `others_seen` are what an earlier daemon recorded of the same
    attempt: a reader gives the same events for the same bytes, so that many are skipped. The answer is kept as it is;
    what is told beside it goes through `hide`."""

    def __init__(
        self, attempt: int, answer: Answer, *, text_seen: int = 0, others_seen: int = 0, hide: Hide = lambda text: text
    ) -> None:
        self._attempt = attempt
        self._hide = hide
        self._answer = answer
        self._skip_text = text_seen
        self._skip_others = others_seen
        self._pending: list[wire.RunEvent] = []
        self._text: list[str] = []
        self._size = 0
        self._streamed = False  # deltas of the message that is forming have been shown
        self._shown: str = ""  # the last piece shown, to keep messages apart
        self._dirty = anyio.Event()
        self.last_line = ""

    def take(self, event: domain.Event) -> None:
        match event:
            case domain.Delta(text):
                self._answer.delta(text)
                self._show(text, first=not self._streamed)
                self._streamed = True
            case domain.Message(text):
                self._answer.message(text)
                if not self._streamed:
                    self._show(text, first=True)
                self._streamed = False
            case _:
                self._other(self._wire(event))

    def remark(self, text: str) -> None:
        """Something of our own for whoever watches. It is no attempt's: a re-read attempt does not say it again."""
        self._close_text()
        self._pending.append(wire.Notice(attempt=0, text=text))
        self._mark(256)

    def _wire(self, event: domain.Event) -> wire.RunEvent:
        match event:
            case domain.Started(session, model):
                return wire.SessionStarted(session_id=session, model=model)
            case domain.Tool(name, status, detail):
                return wire.ToolUsed(attempt=self._attempt, name=name, status=status, detail=self._hide(detail))
            case domain.UsageRead(usage):
                seen = token_usage(usage)
                assert seen is not None
                return wire.UsageSeen(attempt=self._attempt, usage=seen)
            case domain.Limit(_, text) | domain.Notice(text) | domain.Delta(text) | domain.Message(text):
                return wire.Notice(attempt=self._attempt, text=self._hide(text))

    def _show(self, text: str, *, first: bool) -> None:
        if first and self._shown and not self._shown.endswith("\n"):
            text = "\n" + text
        if not text:
            return
        self._shown = text[-1:]
        self.last_line = (text.strip().rsplit("\n", 1)[-1] or self.last_line)[-120:]
        if self._skip_text:
            skipped = min(self._skip_text, len(text))
            self._skip_text -= skipped
            text = text[skipped:]
        if text:
            self._text.append(text)
            self._mark(len(text))

    def _other(self, event: wire.RunEvent) -> None:
        if self._skip_others:
            self._skip_others -= 1
            return
        self._close_text()
        self._pending.append(event)
        self._mark(256)

    def _close_text(self) -> None:
        if self._text:
            self._pending.append(wire.Text(attempt=self._attempt, text="".join(self._text)))
            self._text.clear()

    def _mark(self, size: int) -> None:
        self._size += size
        self._dirty.set()

    @property
    def full(self) -> bool:
        """Whether reading should pause until a flush."""
        return self._size >= FLUSH_SIZE

    def drain(self) -> tuple[wire.RunEvent, ...]:
        """What has not been appended yet; the caller appends it."""
        self._close_text()
        drained = tuple(self._pending)
        self._pending.clear()
        self._size = 0
        self._dirty = anyio.Event()
        return drained

    async def flush(self, append: Append) -> None:
        """Append what is pending. Shielded: a write that is under way commits all the same, so it must be counted."""
        if events := self.drain():
            with anyio.CancelScope(shield=True):
                await append(events)

    async def flush_regularly(self, append: Append) -> None:
        """Until cancelled: append what has been pending for FLUSH_EVERY seconds."""
        while True:
            await self._dirty.wait()
            await anyio.sleep(FLUSH_EVERY)
            await self.flush(append)


def count_seen(events: Sequence[wire.RunEvent], number: int) -> tuple[int, int]:
    """Characters of text, and other events, that are recorded of an attempt."""
    text = others = 0
    for event in events:
        match event:
            case wire.Text(attempt=attempt, text=piece) if attempt == number:
                text += len(piece)
            case wire.ToolUsed(attempt=attempt) | wire.Notice(attempt=attempt) | wire.UsageSeen(attempt=attempt):
                others += attempt == number
            case wire.SessionStarted():
                others += 1
            case _:
                pass
    return text, others
