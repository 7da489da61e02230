"""What any TaskStore must keep of what routing learns: signals in order, with their outcome, and knowledge."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from anyio import create_task_group
from modelmuxd.domain.knowledge import Agent, Evidence, Judged, Knowledge, Measured, Reached, Routed, Signal
from modelmuxd.store.interface import Stale, TaskStore
from store.builders import Engine, an_end, run_id, running

SOME: tuple[Signal, ...] = (
    Judged(at=1.0, agent="codex", value=0.25, weight=0.5, source="rating", kind="repo", project="p", expected=0.75),
    Measured(at=2.0, agent="codex:gpt-5.1", seconds=3.5, first_byte=0.5, cost_micros=12.0),
    Reached(at=3.0, agent="claude", fault="quota"),
)
KNOWN = Knowledge(tick=3, agents={"codex": Agent(all=Evidence(0.25, 0.5, 1), surprises=(-1.0,))})


class KnowledgeConformance:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    async def store(self, engine: Engine) -> AsyncIterator[TaskStore]:
        async with engine() as store:
            yield store

    async def test_nothing_is_known_at_first(self, store: TaskStore) -> None:
        assert await store.knowledge() == (Knowledge(), 0)
        assert await store.signals(0, 10) == []

    async def test_signals_come_back_in_order_and_whole(self, store: TaskStore) -> None:
        await store.learn(SOME[:1])
        await store.learn(SOME[1:])
        assert await store.signals(0, 10) == list(enumerate(SOME, 1))
        assert await store.signals(1, 1) == [(2, SOME[1])]

    async def test_what_an_attempt_teaches_is_kept_with_its_end(self, store: TaskStore) -> None:
        attempt = await running(store)
        await store.settle(an_end(attempt, signals=SOME), 6.0)
        assert [signal for _, signal in await store.signals(0, 10)] == list(SOME)

    async def test_an_end_that_is_refused_teaches_nothing(self, store: TaskStore) -> None:
        attempt = await running(store)
        with pytest.raises(Stale):
            await store.settle(an_end(attempt, epoch=attempt.epoch - 1, signals=SOME), 6.0)
        assert await store.signals(0, 10) == []

    async def test_what_the_router_thought_stays_with_the_attempt(self, store: TaskStore) -> None:
        routed = Routed(agent="codex", kind="repo", project="p", expected=0.625, explored=True)
        attempt = await running(store, routed=routed)
        await store.settle(an_end(attempt, first_byte=1.5), 6.0)
        (kept,) = await store.attempts(run_id(1))
        assert (kept.routed, kept.first_byte) == (routed, 1.5)

    async def test_the_newest_knowledge_is_kept(self, engine: Engine) -> None:
        async with engine() as store:
            await store.learn(SOME)
            await store.keep_knowledge(KNOWN, 3)
            await store.keep_knowledge(Knowledge(tick=1), 1)
        async with engine() as store:
            assert await store.knowledge() == (KNOWN, 3)

    async def test_a_replacement_forgets_what_came_before(self, store: TaskStore) -> None:
        await store.learn(SOME)
        await store.keep_knowledge(KNOWN, 3)
        await store.learn(SOME[:1])
        assert await store.replace_knowledge(Knowledge(tick=7)) == 4
        assert await store.knowledge() == (Knowledge(tick=7), 4)
        assert await store.signals(4, 10) == []

    async def test_a_number_is_never_given_twice(self, store: TaskStore) -> None:
        await store.learn(SOME[:1])
        await store.replace_knowledge(Knowledge())
        await store.learn(SOME[1:2])
        assert [number for number, _ in await store.signals(0, 10)] == [1, 2]

    async def test_old_signals_are_dropped_once_they_are_in_the_knowledge(self, store: TaskStore) -> None:
        for _ in range(3):
            await store.learn([SOME[2]] * 4_000)
        await store.keep_knowledge(KNOWN, 12_000)
        assert (await store.signals(0, 1))[0][0] == 2_001

    async def test_signals_at_the_same_time_are_all_kept(self, store: TaskStore) -> None:
        async with create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(store.learn, SOME)
        assert len(await store.signals(0, 100)) == 60
