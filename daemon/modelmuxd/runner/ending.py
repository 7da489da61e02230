"""The end of one guard, told once to everybody who waits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from contextlib import contextmanager

from modelmuxd.runner import identity
from modelmuxd.runner.follow import Ticker


class Ending:
    """Watches a guard by pidfd, our child or not; by the shared ticker where there is no pidfd.

    The status is in the folder by the time this wakes: the guard writes it, then ends. `exit` is its own exit code,
    known only for a child: negative for a signal, as in subprocess.
    """

    def __init__(self, who: identity.ProcessId, ticker: Ticker, *, child: bool, marker: str) -> None:
        self.who = who
        self.over = asyncio.Event()
        self.exit: int | None = None
        self._child = child
        self._marker = marker
        self._ticker = ticker
        self._listeners: set[asyncio.Event] = set()
        self._fd = identity.open_pidfd(who)
        if self._fd is not None:
            asyncio.get_running_loop().add_reader(self._fd, self._notice)
        else:
            ticker.add(self, self._look)
            self._look()

    @contextmanager
    def tell(self, event: asyncio.Event) -> Generator[None]:
        """Set this event too when the end comes."""
        self._listeners.add(event)
        try:
            yield
        finally:
            self._listeners.discard(event)

    def forget(self) -> None:
        """Stop watching: the guard is left to the next daemon."""
        if self._fd is not None:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None
        self._ticker.discard(self)

    def _look(self) -> None:
        if self._child:
            if self._reap():
                self._finish()
        elif not identity.is_running(self.who, self._marker):
            self._finish()

    def _notice(self) -> None:
        if self._child:
            self._reap()
        self._finish()

    def _reap(self) -> bool:
        """Whether our child has ended. Somebody else may have reaped it: then its exit code is not known."""
        try:
            pid, status = os.waitpid(self.who.pid, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid:
            self.exit = os.waitstatus_to_exitcode(status)
        return pid != 0

    def _finish(self) -> None:
        self.forget()
        self.over.set()
        for event in self._listeners:
            event.set()
