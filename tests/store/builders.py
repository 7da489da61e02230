"""Tasks, claims and ends with everything filled in that a test does not care about."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any, Protocol

import anyio
from modelmuxd.store.database import open_reader
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Attempt, Claim, NewTask, Settle
from modelmuxd.store.reserve import has_room


class Engine(Protocol):
    """Opens the same record again and again: each time a new incarnation."""

    def __call__(self) -> AbstractAsyncContextManager[TaskStore]: ...


def run_id(number: int) -> str:
    """Run ids as the daemon makes them: lower-case, of one length, sorted by time."""
    return f"{number:06d}abcdef01234567890123456789"


def a_task(number: int = 1, **fields: Any) -> NewTask:
    return NewTask(**{"run_id": run_id(number), "created_at": 1000.0 + number, "task": "say hello", **fields})


def a_claim(number: int = 1, **fields: Any) -> Claim:
    base = {"provider": "codex", "account": "codex:me", "folder": f"{number}-1", "max_running": 100, "max_account": 100}
    return Claim(**{"run_id": run_id(number), **base, **fields})


def an_end(attempt: Attempt, **fields: Any) -> Settle:
    """Success, unless told otherwise."""
    base = {"run_id": attempt.run_id, "number": attempt.number, "epoch": attempt.epoch}
    return Settle(**{**base, "attempt_state": "success", "state": "success", **fields})


async def running(store: TaskStore, number: int = 1, **fields: Any) -> Attempt:
    """A task that was accepted and claimed."""
    await store.submit(a_task(number))
    claimed = await store.claim(a_claim(number, **fields), 2000.0)
    assert claimed.attempt is not None
    return claimed.attempt


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it holds, with a ceiling that only a broken program reaches."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await anyio.sleep(0.01)


async def settled_down(path: Path) -> None:
    """Wait until the writer has made room for a full disk, the first thing it does in a quiet moment."""
    with closing(open_reader(path)) as db:
        await eventually(lambda: has_room(db))
