"""A program for test_crash: for each line on stdin, a child that writes to a store until somebody kills it.

The children are forked from here, so that a round does not pay for the imports. Every line on stdout is written after
the store gave its word: the child's pid first, then `accepted N` and `settled N`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.tasks import open_store
from muxwire.events import Text
from store.builders import a_claim, a_task, an_end, run_id

WRITERS = 4


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def dispatch(store: TaskStore, number: int) -> None:
    await store.submit(a_task(number, task=f"task {number}" * 50))
    say(f"accepted {number}")
    attempt = (await store.claim(a_claim(number), 2.0)).attempt
    assert attempt is not None
    for piece in range(3):
        await store.append(run_id(number), 1, store.epoch, [Text(attempt=1, text=str(piece))])
    await store.settle(an_end(attempt, output=f"answer {number}"), 3.0)
    say(f"settled {number}")


async def write_for_ever(path: Path, first: int) -> None:
    async def lane(number: int) -> None:
        while True:
            await dispatch(store, number)
            number += WRITERS

    async with open_store(path) as store, anyio.create_task_group() as tasks:
        for number in range(WRITERS):
            tasks.start_soon(lane, first + number)


def main() -> None:
    for line in sys.stdin:
        first, path = line.rstrip("\n").split(" ", 1)
        if child := os.fork():
            os.waitpid(child, 0)
            say("gone")
        else:
            say(str(os.getpid()))
            anyio.run(write_for_ever, Path(path), int(first))


if __name__ == "__main__":
    main()
