"""What any TaskStore must do about composites."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from modelmuxd.domain.bucket import Asked
from modelmuxd.domain.plans import Broadcast, Member
from modelmuxd.domain.usage import Usage
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Ending, NewTask, Task
from muxwire.events import ChildChanged, StateChanged
from muxwire.faults import Fault
from muxwire.runs import Origin
from store.builders import Engine, a_claim, a_task, an_end, run_id

PLAN = Broadcast(members=(Member(name="codex", provider="codex"),), timeout=9)


def a_turn(number: int, step: str = "codex", **fields: Any) -> NewTask:
    parent = {"part_of": run_id(1), "root": run_id(1), "origin": Origin(parent=run_id(1))}
    return a_task(number, step=step, round=1, **{**parent, **fields})


def told(number: int) -> ChildChanged:
    return ChildChanged(child=run_id(number), step="codex", state="queued", at=5.0)


class CompositesConformance:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    async def store(self, engine: Engine) -> AsyncIterator[TaskStore]:
        async with engine() as store:
            await store.submit(a_task(1, plan=PLAN, provider="broadcast"))
            yield store

    async def answered(self, store: TaskStore, number: int) -> Task:
        claimed = await store.claim(a_claim(number), 10.0)
        assert claimed.attempt is not None
        return await store.settle(an_end(claimed.attempt, usage=Usage(input=3, output=2), cost_micros=7), 11.0)

    async def test_one_is_under_way_from_the_start_with_its_plan(self, store: TaskStore) -> None:
        task = await store.find(run_id(1))
        assert (task.state, task.started_at, task.new.plan) == ("running", task.new.created_at, PLAN)
        assert [one.new.run_id for one in await store.unfinished()] == [run_id(1)]

    async def test_a_turn_comes_once_whatever_its_run_is_called(self, store: TaskStore) -> None:
        spawned = await store.spawn(run_id(1), [a_turn(2), a_turn(3, "gemini")], [told(2)])
        again = await store.spawn(run_id(1), [a_turn(4)], [])
        assert [task.state for task in spawned] == ["queued", "queued"]
        assert again == []
        assert [task.new for task in await store.turns(run_id(1))] == [a_turn(2), a_turn(3, "gemini")]
        events = await store.events(run_id(1), 0, 9)
        assert [type(event) for event in events] == [StateChanged, ChildChanged]
        assert await store.turns(run_id(2)) == []

    async def test_none_comes_to_one_that_is_being_canceled(self, store: TaskStore) -> None:
        task = await store.request_cancel(run_id(1), "test", 4.0)
        assert (task.state, task.canceling) == ("running", True)
        assert await store.spawn(run_id(1), [a_turn(2)], [told(2)]) == []
        assert len(await store.events(run_id(1), 0, 9)) == 1

    async def test_it_ends_once_and_has_spent_what_its_turns_have(self, store: TaskStore) -> None:
        await store.spawn(run_id(1), [a_turn(2), a_turn(3, "gemini")], [])
        await self.answered(store, 2)
        await self.answered(store, 3)
        end = Ending(run_id=run_id(1), state="success", summary="2 of 2", output="all", events=(told(3),))
        ended = await store.finish(end, 12.0)
        assert (ended.state, ended.ended_at, ended.summary, ended.output) == ("success", 12.0, "2 of 2", "all")
        assert ended.usage is not None
        assert (ended.usage.total, ended.cost_micros) == (10, 14)
        late = Ending(run_id=run_id(1), state="error", fault=Fault("crashed", "no"))
        assert (await store.finish(late, 13.0)).state == "success"
        events = await store.events(run_id(1), 0, 9)
        assert [event.state for event in events if isinstance(event, StateChanged)] == ["running", "success"]

    async def test_only_its_turns_are_counted(self, store: TaskStore) -> None:
        await store.spawn(run_id(1), [a_turn(2)], [])
        await self.answered(store, 2)
        await store.finish(Ending(run_id=run_id(1), state="success"), 12.0)
        (one,) = await store.sums(Asked(by=("provider",)))
        assert (one.of.provider, one.counts.runs) == ("codex", 1)
        spent = await store.spent_since(0.0)
        assert (spent.runs, spent.cost_micros) == (1, 7)

    async def test_its_unfinished_turns_are_below_it(self, store: TaskStore) -> None:
        await store.spawn(run_id(1), [a_turn(2), a_turn(3, "gemini")], [])
        await self.answered(store, 2)
        assert await store.descendants(run_id(1)) == [run_id(3)]
