"""A child for test_fsyncs: one dispatch against a store, with a mark that a tracer can see before every step."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
from modelmuxd.store.tasks import open_store
from muxwire.events import AttemptEnded, Text
from store.builders import a_claim, a_task, an_end, run_id, settled_down


def mark(step: str) -> None:
    """A system call without effect, named by its argument."""
    os.access(f"mark:{step}", os.F_OK)


async def dispatch(path: Path, rounds: int) -> None:
    async with open_store(path) as store:
        await settled_down(path)
        await store.submit(a_task(999_999))  # when it is answered, the writer has no more to tidy
        for number in range(rounds):
            mark("accept")
            await store.submit(a_task(number, idempotency_key=str(number)))
            mark("again")
            await store.submit(a_task(number + rounds, idempotency_key=str(number)))
            mark("claim")
            attempt = (await store.claim(a_claim(number), 2.0)).attempt
            assert attempt is not None
            mark("progress")
            await store.append(run_id(number), 1, store.epoch, [Text(attempt=1, text="x")])
            mark("settle")
            await store.settle(an_end(attempt, output="x", events=(AttemptEnded(attempt=1),)), 3.0)
            mark("reading")
            await store.events(run_id(number), 0, 10)
            await store.find(run_id(number))
        mark("close")


if __name__ == "__main__":
    anyio.run(dispatch, Path(sys.argv[1]), int(sys.argv[2]))
