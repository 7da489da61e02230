"""What any TaskStore must refuse in a claim: folders in use, kept slots, policy's counts, budgets. And lineage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from anyio import create_task_group
from modelmuxd.domain.budget import Allowance, CallLimit, Reserve
from modelmuxd.domain.usage import Usage
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Claimed, Decided
from muxwire.faults import BUDGET, CONFLICT, NOT_FOUND, POLICY, Fault, FaultError
from muxwire.runs import Origin
from store.builders import Engine, a_claim, a_task, an_end, run_id, running

HOURLY = CallLimit(key="max_calls_per_hour", seconds=3600.0, most=3)


def spending(amount: int) -> tuple[Reserve, ...]:
    return (Reserve(bucket="today", amount=amount, limit=100),)


class ClaimsConformance:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    async def store(self, engine: Engine) -> AsyncIterator[TaskStore]:
        async with engine() as store:
            yield store

    async def claim(self, store: TaskStore, number: int, now: float = 5.0, **fields: Any) -> Claimed:
        await store.submit(a_task(number))
        return await store.claim(a_claim(number, **fields), now)

    # folders

    @pytest.mark.parametrize("other", ["/w", "/w/sub/deep", "/", "/w/"])
    async def test_one_root_writes_in_a_folder(self, store: TaskStore, other: str) -> None:
        assert (await self.claim(store, 1, workdir="/w", root=run_id(1))).attempt
        refused = await self.claim(store, 2, workdir=other, root=run_id(2))
        assert refused.waiting == "workdir"
        assert run_id(1)[:16] in refused.text

    @pytest.mark.parametrize("other", ["/v", "/w2", "/wsub", ""])
    async def test_other_folders_are_free(self, store: TaskStore, other: str) -> None:
        assert (await self.claim(store, 1, workdir="/w", root=run_id(1))).attempt
        assert (await self.claim(store, 2, workdir=other, root=run_id(2))).attempt

    async def test_a_lineage_shares_its_folder(self, store: TaskStore) -> None:
        assert (await self.claim(store, 1, workdir="/w", root=run_id(1))).attempt
        assert (await self.claim(store, 2, workdir="/w", root=run_id(1), depth=1)).attempt

    async def test_a_folder_comes_back_with_the_end(self, engine: Engine) -> None:
        async with engine() as store:
            assert (await self.claim(store, 1, workdir="/w", root=run_id(1))).attempt
        async with engine() as store:
            assert (await self.claim(store, 2, workdir="/w", root=run_id(2))).waiting == "workdir"
            await store.settle(an_end(await store.adopt(run_id(1), 1)), 6.0)
            assert (await store.claim(a_claim(2, workdir="/w", root=run_id(2)), 7.0)).attempt

    # slots

    async def test_some_slots_are_kept_for_what_runs_ask_for(self, store: TaskStore) -> None:
        assert (await self.claim(store, 1, max_running=2, kept=1)).attempt
        assert (await self.claim(store, 2, max_running=2, kept=1)).text == "slots: 1 of 1 running in all"
        assert (await self.claim(store, 3, max_running=2, kept=1, depth=1)).attempt

    # policy's counts

    async def test_a_window_takes_so_many_attempts_and_no_more(self, store: TaskStore) -> None:
        outcomes: list[Claimed] = []

        async def claim(number: int) -> None:
            outcomes.append(await store.claim(a_claim(number, calls=(HOURLY,)), 10.0))

        for number in range(1, 9):
            await store.submit(a_task(number))
        async with create_task_group() as tasks:
            for number in range(1, 9):
                tasks.start_soon(claim, number)
        assert sum(each.attempt is not None for each in outcomes) == 3
        faults = [each.refused for each in outcomes if each.refused]
        assert [fault.code for fault in faults] == [POLICY] * 5
        assert "max_calls_per_hour: 3 of 3" in faults[0].message
        assert faults[0].resets_at == 3610.0

    async def test_the_window_slides(self, store: TaskStore) -> None:
        for number, now in ((1, 10.0), (2, 20.0), (3, 30.0)):
            assert (await self.claim(store, number, now, calls=(HOURLY,))).attempt
        assert (await self.claim(store, 4, 3609.0, calls=(HOURLY,))).refused
        assert (await store.claim(a_claim(4, calls=(HOURLY,)), 3611.0)).attempt
        assert await store.started_since(15.0) == 3

    async def test_none_means_none(self, store: TaskStore) -> None:
        none = CallLimit(key="max_calls_per_day", seconds=86400.0, most=0)
        assert (await self.claim(store, 1, calls=(none,))).refused

    async def test_a_refusal_writes_nothing(self, store: TaskStore) -> None:
        await self.claim(store, 1, workdir="/w", root="x", decisions=(Decided(kind="route", text="x"),))
        none = CallLimit(key="k", seconds=1.0, most=0)
        before = await store.submit(a_task(2))
        await store.claim(a_claim(2, workdir="/v", root="y", reserve=spending(90), calls=(none,)), 5.0)
        assert await store.find(run_id(2)) == before[0]
        assert (await self.claim(store, 3, workdir="/v", root="z", reserve=spending(90))).attempt

    # budgets

    async def test_what_is_held_back_counts_until_it_is_spent(self, store: TaskStore) -> None:
        first = (await self.claim(store, 1, reserve=spending(60))).attempt
        assert first
        held = await self.claim(store, 2, reserve=spending(60))
        assert held.waiting == "budget"
        assert "$0.00 held back" in held.text
        await store.settle(an_end(first, cost_micros=10), 6.0)
        assert (await store.claim(a_claim(2, reserve=spending(60)), 7.0)).attempt
        assert (await self.claim(store, 3, reserve=spending(31))).waiting == "budget"
        refused = (await store.claim(a_claim(3, reserve=spending(91)), 7.0)).refused
        assert refused
        assert refused.code == BUDGET
        assert (await self.claim(store, 4, reserve=spending(30))).attempt

    async def test_an_unknown_cost_is_all_that_was_held_back(self, store: TaskStore) -> None:
        first = (await self.claim(store, 1, reserve=spending(60))).attempt
        assert first
        await store.settle(an_end(first, cost_micros=None), 6.0)
        assert (await self.claim(store, 2, reserve=spending(41))).refused

    async def test_a_week_is_the_sum_of_its_days(self, store: TaskStore) -> None:
        def on(day: int, amount: int, since: int, limit: int | None = 100) -> tuple[Reserve, ...]:
            return (Reserve(bucket=f"all/{day}", since=f"all/{since}", amount=amount, limit=limit),)

        for number, day in ((1, 10), (2, 11), (3, 12)):
            first = (await self.claim(store, number, reserve=on(day, 0, day, None))).attempt
            assert first
            await store.settle(an_end(first, cost_micros=30), 6.0)
        assert (await self.claim(store, 4, reserve=on(12, 41, 11))).refused
        assert (await self.claim(store, 5, reserve=on(12, 11, 10))).refused
        assert (await store.claim(a_claim(5, reserve=on(12, 40, 11)), 7.0)).attempt
        (gone,) = await store.purses(on(12, 1, 10))
        assert (gone.spent, gone.held) == (90, 40)

    async def test_who_was_never_asked_has_spent_nothing(self, store: TaskStore) -> None:
        first = (await self.claim(store, 1, reserve=spending(60))).attempt
        assert first
        await store.settle(an_end(first, cost_micros=None, attempt_state="auth", fault=Fault("auth", "x")), 6.0)
        assert (await self.claim(store, 2, reserve=spending(100))).attempt

    # lineage

    async def test_a_family_is_found_from_any_of_its_members(self, store: TaskStore) -> None:
        await store.submit(a_task(1))
        for number, parent, created in ((2, 1, 10.0), (3, 2, 20.0), (4, 1, 30.0)):
            origin = Origin(parent=run_id(parent))
            await store.submit(a_task(number, root=run_id(1), depth=1, origin=origin, created_at=created))
        await store.submit(a_task(5))
        assert await store.descendants(run_id(1)) == [run_id(2), run_id(3), run_id(4)]
        assert await store.descendants(run_id(2)) == [run_id(3)]
        assert await store.descendants(run_id(5)) == []
        await store.end(run_id(2), "canceled", None, 40.0)
        assert await store.descendants(run_id(1)) == [run_id(3), run_id(4)]
        assert await store.spawned(run_id(1), 0.0) == 2
        assert await store.spawned(run_id(1), 15.0) == 1

    async def test_what_a_run_may_cost_holds_for_all_below_it(self, store: TaskStore) -> None:
        """1 may cost 100 and has asked for 2 and 4; 2 may cost 60 and has asked for 3. 5 is nobody's."""
        asked = {1: ("", 100), 2: (run_id(1), 60), 3: (run_id(2), None), 4: (run_id(1), None), 5: ("", 9)}
        for number, (parent, limit) in asked.items():
            more = {"root": run_id(1) if parent else "", "origin": Origin(parent=parent), "max_cost_micros": limit}
            await store.submit(a_task(number, **more))
            attempt = (await store.claim(a_claim(number), 5.0)).attempt
            assert attempt is not None
            cost, usage = (None, Usage(input=1)) if number == 4 else (number, None)
            await store.settle(an_end(attempt, cost_micros=cost, usage=usage, billing="metered"), 6.0)

        def told(number: int, limit: int, spent: int, unpriced: int) -> Allowance:
            return Allowance(run_id=run_id(number), limit=limit, spent=spent, unpriced=unpriced)

        top = told(1, 100, 6, 1)
        assert await store.allowances(run_id(3)) == [told(2, 60, 5, 0), top]
        assert await store.allowances(run_id(4)) == await store.allowances(run_id(1)) == [top]
        assert await store.allowances(run_id(5)) == [told(5, 9, 5, 0)]

    async def test_what_a_run_waits_for_must_exist(self, store: TaskStore) -> None:
        await store.submit(a_task(1))
        await store.submit(a_task(2, after=(run_id(1),)))
        assert (await store.find(run_id(2))).new.after == (run_id(1),)
        assert await store.states((run_id(1),)) == {run_id(1): "queued"}
        for call in (store.submit(a_task(3, after=(run_id(9),))), store.states((run_id(9),))):
            with pytest.raises(FaultError) as caught:
                await call
            assert caught.value.fault.code == NOT_FOUND

    async def test_a_delayed_task_waits_from_the_start(self, store: TaskStore) -> None:
        task, _ = await store.submit(a_task(1, not_before=5000.0, deadline=9000.0))
        assert (task.state, task.waiting, task.not_before) == ("waiting", "not_before", 5000.0)
        assert await store.find(run_id(1)) == task

    # answers

    async def test_an_answer_queues_a_run_that_waits_for_input(self, store: TaskStore) -> None:
        attempt = await running(store, 1)
        asked = an_end(attempt, state=None, attempt_state="needs_input", waiting="input", waiting_for="input: which?")
        await store.settle(asked, 6.0)
        task = await store.answer(run_id(1), "the second", 7.0)
        assert (task.state, task.answer, task.waiting) == ("queued", "the second", None)
        assert [each.kind for _, each in await store.decisions(run_id(1))] == ["answer"]
        with pytest.raises(FaultError) as caught:
            await store.answer(run_id(1), "again", 8.0)
        assert caught.value.fault.code == CONFLICT
