"""What any TaskStore must keep of users' ratings: one for each run, and what routing is told by it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from modelmuxd.domain.knowledge import Judged, Retracted
from modelmuxd.domain.rating import Rating
from modelmuxd.store.interface import TaskStore
from muxwire.faults import FaultError
from store.builders import Engine, a_task, run_id


def judged(value: float) -> Judged:
    return Judged(at=1.0, agent="codex", value=value, source="rating", kind="bug", run_id=run_id(1))


def a_rating(number: int = 1, *, at: float = 1.0, rating: int = 5) -> Rating:
    value = (rating - 1) / 4
    return Rating(run_id=run_id(number), at=at, provider="codex", rating=rating, comment="修", judged=judged(value))


class RatingsConformance:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    async def store(self, engine: Engine) -> AsyncIterator[TaskStore]:
        async with engine() as store:
            for number in (1, 2):
                await store.submit(a_task(number))
            yield store

    async def test_a_rating_comes_back_whole(self, store: TaskStore) -> None:
        assert await store.rate(a_rating()) is None
        assert await store.ratings(10) == [a_rating()]
        assert await store.signals(0, 10) == [(1, judged(1.0))]

    async def test_a_newer_one_takes_an_earlier_ones_place_and_takes_it_back(self, store: TaskStore) -> None:
        await store.rate(a_rating())
        assert await store.rate(a_rating(at=2.0, rating=1)) == a_rating()
        assert await store.ratings(10) == [a_rating(at=2.0, rating=1)]
        signals = [signal for _, signal in await store.signals(0, 10)]
        assert signals == [judged(1.0), Retracted(at=2.0, judged=judged(1.0)), judged(0.0)]

    async def test_the_newest_are_listed_first(self, store: TaskStore) -> None:
        for number, at in ((1, 5.0), (2, 9.0)):
            await store.rate(a_rating(number, at=at))
        assert [one.run_id for one in await store.ratings(10)] == [run_id(2), run_id(1)]
        assert len(await store.ratings(1)) == 1

    async def test_a_run_that_is_not_there_has_none_and_teaches_nothing(self, store: TaskStore) -> None:
        with pytest.raises(FaultError):
            await store.rate(a_rating(3))
        assert (await store.ratings(10), await store.signals(0, 10)) == ([], [])
