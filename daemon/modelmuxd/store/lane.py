"""A thread that owns one connection. The loop hands it jobs and is woken once for each batch of answers.

Why not a thread pool call for each write: one owner needs no lock, jobs that queue up meanwhile become one batch, and
the loop is woken once for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, Protocol, TypeVar

from anyio import CancelScope, to_thread
from muxwire.faults import STORAGE, refuse

T = TypeVar("T")

BATCH = 256
"""Jobs in one batch at most, so that the first of a flood is not answered with the last."""


QUIET_S = 0.2
"""Nobody asked for so long: a quiet moment."""


class Tidy(Protocol):
    def __call__(self, *, quiet: bool) -> bool: ...


class Job(Generic[T]):
    """Something to do in the thread, and then its answer."""

    __slots__ = ("error", "future", "result", "urgent", "work")

    def __init__(self, work: Callable[..., T], future: asyncio.Future[T], *, urgent: bool) -> None:
        self.work = work
        self.future = future
        self.urgent = urgent
        """Whether the answer promises that it is on the disk."""
        self.result: T | None = None
        self.error: Exception | None = None

    def deliver(self) -> None:
        """On the loop: wake whoever waits. One whom asyncio cancelled does not; his job is done all the same."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]  # None where T holds None


class Lane:
    """`handle` does a batch. `tidy` runs after its answers are on their way, and says whether it has more to do in a
    quiet moment; when no job comes within QUIET_S it is called again. `finish` runs at the end."""

    def __init__(
        self,
        name: str,
        handle: Callable[[list[Job[Any]]], None],
        *,
        tidy: Tidy = lambda *, quiet: False,
        finish: Callable[[], None],
    ) -> None:
        self._handle = handle
        self._tidy = tidy
        self._finish = finish
        self._jobs: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        # A daemon thread: a process that dies without closing loses nothing that was acknowledged.
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def begin(self, work: Callable[..., T], *, urgent: bool = True) -> asyncio.Future[T]:
        """Have the thread do `work`. The answer is what it gives or raises. Raises a STORAGE fault once closed."""
        if self._closed:
            raise refuse(STORAGE, "The store is closed.", "Ask again: the daemon is stopping.")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(Job(work, future, urgent=urgent))
        return future

    async def call(self, work: Callable[..., T], *, urgent: bool = True) -> T:
        """The same, and wait for the answer."""
        future = self.begin(work, urgent=urgent)
        # What the thread has begun cannot be called back, and the answer to a committed write must not be lost.
        # The wait is bounded by the batches before it.
        with CancelScope(shield=True):
            return await future
        raise AssertionError("a shield swallows nothing")

    async def aclose(self) -> None:
        """Do what was handed over so far, then end the thread."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        with CancelScope(shield=True):
            await to_thread.run_sync(self._thread.join)

    def _run(self) -> None:
        try:
            more = self._tidy(quiet=False)
            while (batch := self._next_batch(QUIET_S if more else None)) != []:
                if batch is None:
                    more = self._tidy(quiet=True)
                    continue
                self._do(batch)
                self._wake(batch)
                more = self._tidy(quiet=False)
        finally:
            self._finish()

    def _do(self, batch: list[Job[Any]]) -> None:
        try:
            self._handle(batch)
        except Exception as error:  # a fault of ours must not leave anybody waiting for ever
            for job in batch:
                job.error = error

    def _next_batch(self, patience: float | None) -> list[Job[Any]] | None:
        """Everything that waits; empty at the end, None when nothing came for so many seconds."""
        try:
            job = self._jobs.get(timeout=patience)
        except Empty:
            return None
        batch: list[Job[Any]] = []
        while job is not None:
            batch.append(job)
            if len(batch) == BATCH:
                return batch
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return batch
        if batch:
            self._jobs.put(None)  # once more, to end after this batch: nothing is handed over after the end mark
        return batch

    def _wake(self, batch: list[Job[Any]]) -> None:
        """One wake-up for the whole batch; a loop that is gone has nobody left to tell."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(_deliver, batch)


def _deliver(batch: list[Job[Any]]) -> None:
    for job in batch:
        job.deliver()
