"""The queue in memory: who is next, and what each of the others waits for. Pure; the store has it in full.

Order. A point of priority is worth a minute of age: the task with the smallest `wanted since - 60 s * priority` is
next. All grow older at the same pace, so the order of two tasks never changes and a heap keeps it; and since
priorities end at 100, nothing can be overtaken by what comes more than 200 minutes after it.

Cost. A task that cannot start is filed under what it waits for, and is not looked at again until that comes free or
its time comes. When something comes free, the best of those that wait for it are offered one after the other, until
one of them has to wait for it again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from heapq import heappop, heappush

from muxwire.words import WaitReason

from modelmuxd.domain.decision import Held
from modelmuxd.store.records import Task

POINT = 60.0
"""Seconds of age that a point of priority is worth."""
REMEMBERED = 1024
"""Things that came free lately, so that who decides to wait for one meanwhile is not forgotten."""

Rank = tuple[float, str]


def rank(task: Task) -> Rank:
    """Smaller is sooner."""
    wanted = max(task.new.created_at, task.new.not_before or 0.0)
    return wanted - POINT * task.new.priority, task.new.run_id


def start_of(task: Task) -> float:
    """Unix time before which it is left alone."""
    return max(task.not_before or 0.0, task.new.not_before or 0.0)


class Entry:
    __slots__ = ("rank", "stamp", "task", "until")

    def __init__(self, task: Task, stamp: int) -> None:
        self.task = task
        self.rank = rank(task)
        self.stamp = stamp
        """Where it was filed last; what heaps hold of earlier places is void."""
        self.until: float | None = None


class Queue:
    """A task is ready, or filed under what holds it, or in the hand of who took it."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._ready: list[tuple[Rank, int]] = []
        self._held: dict[str, list[tuple[Rank, int]]] = {}
        self._open: set[str] = set()
        self._due: list[tuple[float, str]] = []
        self._freed: deque[tuple[int, str]] = deque(maxlen=REMEMBERED)
        self._stamp = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._entries

    def get(self, run_id: str) -> Task | None:
        entry = self._entries.get(run_id)
        return entry.task if entry else None

    @property
    def mark(self) -> int:
        """A moment, to be handed to `hold`: what has come free since then does not hold any more."""
        return self._stamp

    def in_hand(self, run_id: str, mark: int) -> bool:
        """Whether a task that was taken at `mark` still is as it was: nobody has canceled or changed it."""
        entry = self._entries.get(run_id)
        return entry is not None and entry.stamp == mark

    def put(self, task: Task, now: float) -> None:
        """Queue a task, or what became of it."""
        entry = self._entries[task.new.run_id] = Entry(task, self._next())
        if task.new.deadline is not None:
            heappush(self._due, (task.new.deadline, task.new.run_id))
        if (start := start_of(task)) > now:
            self._wake_at(entry, start)
        else:
            heappush(self._ready, (entry.rank, entry.stamp))

    def drop(self, run_id: str) -> None:
        self._entries.pop(run_id, None)

    def update(self, task: Task) -> None:
        """The same task as it stands now, in the same place."""
        if entry := self._entries.get(task.new.run_id):
            entry.task = task

    def take(self) -> Task | None:
        """The best of all that may be able to start. It stays queued, in the caller's hand, until put, held or
        dropped."""
        heaps = [("", self._ready), *((key, self._held[key]) for key in self._open)]
        best: list[tuple[Rank, int]] | None = None
        for key, heap in heaps:
            self._prune(heap)
            if not heap:
                self._close_empty(key)
            elif best is None or heap[0] < best[0]:
                best = heap
        if best is None:
            return None
        entry = self._entries[heappop(best)[0][1]]
        entry.stamp = self._next()
        return entry.task

    def hold(self, run_id: str, held: Held, mark: int) -> None:
        """File it under what holds it, as it was found to be at `mark`."""
        entry = self._entries.get(run_id)
        if entry is None:
            return
        entry.stamp = self._next()
        if self._came_free(held.on, mark):
            heappush(self._ready, (entry.rank, entry.stamp))
            return
        for key in held.on:
            self._open.discard(key)
            heappush(self._held.setdefault(key, []), (entry.rank, entry.stamp))
        if held.until is not None:
            self._wake_at(entry, held.until)

    def free(self, *keys: str) -> None:
        """Something that tasks may wait for has come free."""
        for key in keys:
            self._freed.append((self._next(), key))
            if key in self._held:
                self._open.add(key)

    def close(self, *keys: str) -> None:
        """What has come free is gone again: nobody else is offered it."""
        self._open.difference_update(keys)

    def recheck(self, reasons: Collection[WaitReason]) -> None:
        """Offer all again that wait for one of these; for what a user changes by hand."""
        for entry in self._entries.values():
            if entry.task.waiting in reasons:
                self._offer(entry)

    def wake_due(self, now: float) -> None:
        """Offer again what has waited until its time, or has come to its deadline."""
        while self._due and self._due[0][0] <= now:
            at, run_id = heappop(self._due)
            entry = self._entries.get(run_id)
            if entry and at in (entry.until, entry.task.new.deadline):
                self._offer(entry)

    @property
    def next_due(self) -> float | None:
        while self._due and self._due[0][1] not in self._entries:
            heappop(self._due)
        return self._due[0][0] if self._due else None

    def _offer(self, entry: Entry) -> None:
        entry.stamp, entry.until = self._next(), None
        heappush(self._ready, (entry.rank, entry.stamp))

    def _wake_at(self, entry: Entry, at: float) -> None:
        entry.until = at
        heappush(self._due, (at, entry.rank[1]))

    def _came_free(self, keys: Collection[str], mark: int) -> bool:
        if len(self._freed) == REMEMBERED and self._freed[0][0] > mark:
            return True  # too long ago to tell; to look again is always right
        return any(stamp > mark and key in keys for stamp, key in self._freed)

    def _close_empty(self, key: str) -> None:
        if key:
            del self._held[key]
            self._open.discard(key)

    def _prune(self, heap: list[tuple[Rank, int]]) -> None:
        while heap:
            (_, run_id), stamp = heap[0]
            entry = self._entries.get(run_id)
            if entry and entry.stamp == stamp:
                return
            heappop(heap)

    def _next(self) -> int:
        self._stamp += 1
        return self._stamp
