"""What a decision costs with 10,000 tasks in the queue: a slot comes free, the best that waits for it is found,
looked at and seated, and the next one finds it full again. Real planning: programs on PATH, logins, settings files.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, time

import anyio
from bench.measure import table
from engine.stage import Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.decision import Held
from modelmuxd.engine.admission import Ready
from modelmuxd.engine.queue import Queue
from modelmuxd.store.records import NewTask, Task
from muxwire.settings.model import Limits

QUEUED = 10_000
DECISIONS = 500
PROVIDERS = ("codex", "claude", "gemini")
LIMITS = Limits(running=8, per_provider=2)


def a_task(stage: Stage, number: int) -> Task:
    new = NewTask(
        run_id=f"{number:026d}",
        created_at=time() - QUEUED + number,
        task="say hello",
        provider=PROVIDERS[number % 3],
        priority=number % 7,
        failover=False,
        workdir=str(stage.workdir),
        env=stage.env,
    )
    return Task(new=new, state="queued")


async def fill(engine: Engine, queue: Queue) -> list[float]:
    """Every task is looked at once, so that it can say what it waits for."""
    took: list[float] = []
    while True:
        began = perf_counter()
        task = queue.take()
        if task is None:
            return took
        await settle(engine, queue, task)
        took.append(perf_counter() - began)


async def settle(engine: Engine, queue: Queue, task: Task) -> None:
    mark = queue.mark
    found = await engine.admission.look(task)
    if isinstance(found, Ready):
        engine.scheduler.take(found.seat)
        queue.drop(task.new.run_id)
    else:
        assert isinstance(found, Held)
        queue.hold(task.new.run_id, found, mark)


async def decide(engine: Engine, queue: Queue) -> tuple[float, float]:
    """A slot comes free: seconds for finding who is next, and for the whole until nobody else can start."""
    seat = next(iter(engine.scheduler.slots.seats))
    began = perf_counter()
    queue.free(*engine.scheduler.slots.give_back(seat.run_id))
    finding = 0.0
    while True:
        look = perf_counter()
        queue.close(*engine.scheduler.slots.exhausted())
        task = queue.take()
        finding += perf_counter() - look
        if task is None:
            return finding, perf_counter() - began
        await settle(engine, queue, task)


async def main(root: Path) -> None:
    stage = Stage(root, *PROVIDERS, limits=LIMITS)
    async with stage.engine() as engine:
        queue = Queue()
        for number in range(QUEUED):
            queue.put(a_task(stage, number), time())
        first = await fill(engine, queue)
        decisions = [await decide(engine, queue) for _ in range(DECISIONS)]
    print(f"{QUEUED} queued over {len(PROVIDERS)} providers, {len(queue)} left")
    table(
        [
            ("first look at a task, p50", f"{1e3 * median(first):.3f} ms", ""),
            ("who is next, p50", f"{1e3 * median(one for one, _ in decisions):.3f} ms", "0.5 ms"),
            ("slot free to slot taken again, p50", f"{1e3 * median(one for _, one in decisions):.3f} ms", "0.5 ms"),
        ]
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        anyio.run(main, Path(made))
