"""What any TaskStore must do about whom the end of a run is to be told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Notice
from muxwire.faults import Fault
from store.builders import Engine, a_task, run_id


class NoticesConformance:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    async def store(self, engine: Engine) -> AsyncIterator[TaskStore]:
        async with engine() as store:
            yield store

    async def test_owed_from_the_end_on_to_each_that_was_named(self, store: TaskStore) -> None:
        await store.submit(a_task(1, notify=("webhook", "hook")))
        await store.submit(a_task(2))
        assert await store.notices(9) == []
        await store.end(run_id(1), "canceled", None, 7.0)
        await store.end(run_id(2), "canceled", None, 7.0)
        owed = await store.notices(9)
        assert sorted(one.target for one in owed) == ["hook", "webhook"]
        assert {(one.run_id, one.tries, one.due) for one in owed} == {(run_id(1), 0, 7.0)}

    async def test_a_refused_one_is_owed_at_once(self, store: TaskStore) -> None:
        await store.submit(a_task(1, notify=("hook",), blocked=Fault("policy", "no"), created_at=3.0))
        assert [(one.run_id, one.due) for one in await store.notices(9)] == [(run_id(1), 3.0)]

    async def test_the_first_due_comes_first_and_a_told_one_is_gone(self, store: TaskStore) -> None:
        for number in (1, 2):
            await store.submit(a_task(number, notify=("webhook",)))
            await store.end(run_id(number), "canceled", None, float(number))
        first, second = await store.notices(9)
        await store.keep_notice(msgspec.structs.replace(first, tries=1, due=99.0))
        assert await store.notices(1) == [second]
        await store.drop_notice(second)
        assert await store.notices(9) == [Notice(run_id=run_id(1), target="webhook", tries=1, due=99.0)]

    async def test_it_outlives_the_incarnation(self, engine: Engine) -> None:
        async with engine() as store:
            await store.submit(a_task(1, notify=("webhook",)))
            await store.end(run_id(1), "canceled", None, 7.0)
        async with engine() as store:
            assert len(await store.notices(9)) == 1
