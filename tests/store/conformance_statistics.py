"""What any TaskStore must say of what has ended: sums, each end counted once and where it belongs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from modelmuxd.domain.bucket import ELSEWHERE, Asked, Counts, Dimension
from modelmuxd.domain.usage import Usage
from modelmuxd.store.interface import Stale, TaskStore
from muxwire.faults import POLICY, Fault
from muxwire.runs import Origin
from store.builders import Engine, a_claim, a_task, an_end, run_id, running

HOUR = 3600.0
DAY = 24 * HOUR
USED = Usage(input=1, cached=2, cache_write=4, output=8, reasoning=16)


async def ended(store: TaskStore, number: int, at: float, **fields: object) -> None:
    """A run that succeeds half a second after its start."""
    await store.submit(a_task(number, **fields))
    attempt = (await store.claim(a_claim(number), at - 0.5)).attempt
    assert attempt
    await store.settle(an_end(attempt, usage=USED, cost_micros=100), at)


async def total(store: TaskStore, **asked: object) -> Counts:
    """The one sum of a question without `by`; nothing counted is a sum as well."""
    found = await store.sums(Asked(**asked))  # type: ignore[arg-type]
    return found[0].counts if found else Counts()


async def by(store: TaskStore, *names: Dimension, **asked: object) -> dict[tuple[str, ...], Counts]:
    found = await store.sums(Asked(by=names, **asked))  # type: ignore[arg-type]
    return {tuple(str(getattr(one.of, name)) for name in names): one.counts for one in found}


class StatisticsConformance:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    async def store(self, engine: Engine) -> AsyncIterator[TaskStore]:
        async with engine() as store:
            yield store

    async def test_nothing_has_ended_at_first(self, store: TaskStore) -> None:
        await running(store)
        assert await store.sums(Asked()) == []
        assert await store.sums(Asked(by=("provider",), each="hour")) == []

    async def test_an_end_is_counted_with_all_that_is_known_of_it(self, store: TaskStore) -> None:
        await ended(store, 1, 3 * HOUR, origin=Origin(kind="mcp"), workdir="/src")
        (found,) = await store.sums(
            Asked(by=("provider", "model", "account", "kind", "workdir", "status"), each="hour")
        )
        of = found.of
        assert (of.hour, of.provider, of.account, of.kind, of.workdir) == (3, "codex", "codex:me", "mcp", "/src")
        assert of.status == "success"
        told = Counts(input=1, cached=2, cache_write=4, output=8, reasoning=16, cost_micros=100, told=1)
        assert found.counts == Counts(runs=1, calls=1, attempts=1, ms=500) + told

    async def test_a_failover_counts_with_both_providers_and_as_one_run(self, store: TaskStore) -> None:
        first = await running(store)
        limited = an_end(first, attempt_state="rate_limit", state=None, usage=USED)
        await store.settle(limited, 2001.0)
        second = (await store.claim(a_claim(provider="claude", account="claude:me"), 2002.0)).attempt
        assert second
        await store.settle(an_end(second, usage=USED, cost_micros=7), 2010.0)
        found = await by(store, "provider", "status")
        assert (found["codex", "error"].attempts, found["codex", "error"].runs) == (1, 0)
        assert (found["codex", "error"].unpriced, found["codex", "error"].tokens) == (1, 31)
        assert (found["claude", "success"].attempts, found["claude", "success"].runs) == (1, 1)
        assert (found["claude", "success"].cost_micros, found["claude", "success"].ms) == (7, 10_000)

    async def test_what_ends_without_an_agent_is_a_run_all_the_same(self, store: TaskStore) -> None:
        await store.submit(a_task(1, provider="codex/gpt", blocked=Fault(POLICY, "No.", "Ask.")))
        await store.submit(a_task(2))
        await store.request_cancel(run_id(2), "x", 1.0)
        await store.submit(a_task(3))
        await store.end(run_id(3), "error", None, 1.0)
        await store.end(run_id(3), "error", None, 2.0)
        found = await by(store, "provider", "status")
        assert {key: one.runs for key, one in found.items()} == {
            ("codex", "blocked"): 1,
            ("", "canceled"): 1,
            ("", "error"): 1,
        }

    async def test_an_end_that_is_refused_counts_nothing(self, store: TaskStore) -> None:
        attempt = await running(store)
        await store.settle(an_end(attempt), 6.0)
        with pytest.raises(Stale):
            await store.settle(an_end(attempt), 7.0)
        assert (await total(store)).attempts == 1

    async def test_a_span_holds_what_ended_in_it(self, store: TaskStore) -> None:
        ends = [0.0, HOUR, DAY - 1, DAY, 2 * DAY + HOUR, 5 * DAY]
        for number, at in enumerate(ends):
            await ended(store, number, at)
        for since in (None, 0, 1, 23, 24, 30, 49, 120, 121):
            for until in (None, 0, 1, 24, 48, 50, 120, 121):
                inside = [at for at in ends if (since or 0) * HOUR <= at and (until is None or at < until * HOUR)]
                assert (await total(store, since=since, until=until)).runs == len(inside)

    async def test_hours_are_told_apart(self, store: TaskStore) -> None:
        for number, at in enumerate([HOUR, HOUR + 1, 30 * HOUR]):
            await ended(store, number, at)
        assert [(one.of.hour, one.counts.runs) for one in await store.sums(Asked(each="hour"))] == [(1, 2), (30, 1)]

    async def test_only_what_passes_the_filters_is_added(self, store: TaskStore) -> None:
        await ended(store, 1, HOUR, origin=Origin(kind="mcp"), workdir="/a")
        await ended(store, 2, HOUR, origin=Origin(kind="cli"), workdir="/a")
        await ended(store, 3, HOUR, origin=Origin(kind="cli"), workdir="/b")
        assert (await total(store, only={"kind": ("cli",)})).runs == 2
        assert (await total(store, only={"kind": ("cli", "mcp"), "workdir": ("/a",)})).runs == 2
        assert (await total(store, only={"kind": ("none",)})).runs == 0

    async def test_throw_away_folders_do_not_make_a_row_each(self, store: TaskStore) -> None:
        for number in range(300):
            await ended(store, number, HOUR, workdir=f"/tmp/{number}")
        day = await by(store, "workdir", since=0)
        assert (len(day), day[ELSEWHERE,].runs, sum(one.runs for one in day.values())) == (65, 236, 300)
        ever = await by(store, "workdir")
        assert (len(ever), ever[ELSEWHERE,].runs) == (257, 44)

    async def test_statistics_go_on_after_a_restart(self, engine: Engine) -> None:
        async with engine() as store:
            await ended(store, 1, HOUR)
        async with engine() as store:
            await ended(store, 2, HOUR)
            assert (await total(store)).runs == 2
