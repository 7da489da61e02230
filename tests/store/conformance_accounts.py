"""What any TaskStore must do about accounts: cooldowns, circuits, pauses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from anyio import create_task_group
from modelmuxd.domain.account import Account, Breaker, Cooldown, Pause
from modelmuxd.store.interface import TaskStore
from store.builders import Engine, a_claim, a_task, an_end, run_id, running

LIMITED = Cooldown(
    account="codex:me", provider="codex", until=100.0, kind="rate_limit", text="cooldown: codex until 14:05"
)
BREAKER = Breaker(failures=2, seconds=30.0, longest=100.0)


class AccountsConformance:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    async def store(self, engine: Engine) -> AsyncIterator[TaskStore]:
        async with engine() as store:
            for number in range(1, 9):
                await store.submit(a_task(number))
            yield store

    async def fail(self, store: TaskStore, number: int, now: float) -> None:
        attempt = (await store.claim(a_claim(number), now)).attempt
        assert attempt
        await store.settle(an_end(attempt, state="error", health="bad", breaker=BREAKER), now)

    # cooldown

    async def test_a_cooldown_holds_for_all_who_use_the_account(self, store: TaskStore) -> None:
        attempt = await running(store, 9)
        await store.settle(an_end(attempt, state="error", cooldown=LIMITED), 6.0)
        refused = await store.claim(a_claim(2), 99.0)
        assert (refused.attempt, refused.waiting) == (None, "cooldown")
        assert (refused.text, refused.until) == ("cooldown: codex until 14:05", 100.0)
        assert (await store.claim(a_claim(3, account="codex:work"), 99.0)).attempt
        assert (await store.claim(a_claim(2), 100.0)).attempt

    async def test_a_quota_names_itself(self, store: TaskStore) -> None:
        await store.cool_down(Cooldown(account="codex:me", provider="codex", until=9.0, kind="quota", text="quota"))
        assert (await store.claim(a_claim(2), 5.0)).waiting == "quota"

    async def test_the_later_end_of_a_cooldown_counts(self, store: TaskStore) -> None:
        await store.cool_down(LIMITED)
        await store.cool_down(Cooldown(account="codex:me", provider="codex", until=50.0, kind="quota", text="shorter"))
        (account,) = await store.accounts()
        assert (account.cooldown_until, account.cooldown_kind) == (100.0, "rate_limit")

    async def test_a_cooldown_outlives_the_incarnation(self, engine: Engine) -> None:
        async with engine() as store:
            await store.cool_down(LIMITED)
        async with engine() as store:
            await store.submit(a_task(1))
            assert (await store.claim(a_claim(1), 5.0)).waiting == "cooldown"

    async def test_a_user_may_clear_what_holds_a_provider_back(self, store: TaskStore) -> None:
        await store.cool_down(LIMITED)
        assert await store.clear("claude") == 0
        assert await store.clear("codex") == 1
        assert (await store.claim(a_claim(1), 5.0)).attempt
        await store.cool_down(LIMITED)
        assert await store.clear("") == 1
        assert await store.clear("") == 0

    # circuit

    async def test_failures_in_a_row_open_the_circuit(self, store: TaskStore) -> None:
        await self.fail(store, 1, 10.0)
        assert (await store.accounts())[0].circuit(10.0) == "closed"
        await self.fail(store, 2, 11.0)
        refused = await store.claim(a_claim(3), 40.0)
        assert (refused.waiting, refused.until) == ("cooldown", 41.0)
        assert "2 times in a row" in refused.text

    async def test_a_good_end_closes_it(self, store: TaskStore) -> None:
        await self.fail(store, 1, 10.0)
        attempt = (await store.claim(a_claim(2), 11.0)).attempt
        assert attempt
        await store.settle(an_end(attempt, health="good", breaker=BREAKER), 12.0)
        await self.fail(store, 3, 13.0)
        assert (await store.accounts())[0].circuit(13.0) == "closed"

    async def test_one_run_probes_a_half_open_circuit(self, store: TaskStore) -> None:
        await self.fail(store, 1, 10.0)
        await self.fail(store, 2, 10.0)
        started: list[int] = []

        async def claim(number: int) -> None:
            if (await store.claim(a_claim(number), 50.0)).attempt:
                started.append(number)

        async with create_task_group() as tasks:
            for number in range(3, 9):
                tasks.start_soon(claim, number)
        assert len(started) == 1
        (probe,) = await store.attempts(run_id(started[0]))
        await store.settle(an_end(probe, health="good", breaker=BREAKER), 51.0)
        others = [number for number in range(3, 9) if number not in started]
        assert all([(await store.claim(a_claim(number), 51.0)).attempt for number in others])

    async def test_a_failed_probe_opens_it_for_twice_as_long(self, store: TaskStore) -> None:
        await self.fail(store, 1, 10.0)
        await self.fail(store, 2, 10.0)
        await self.fail(store, 3, 50.0)
        assert (await store.accounts())[0].opens_until == 110.0
        await self.fail(store, 4, 120.0)
        assert (await store.accounts())[0].opens_until == 220.0, "no longer than the longest"

    @pytest.mark.parametrize("health", ["", "good", "bad"])
    async def test_the_probe_is_given_back_however_it_ends(self, engine: Engine, health: str) -> None:
        async with engine() as store:
            for number in range(1, 4):
                await store.submit(a_task(number))
            await self.fail(store, 1, 10.0)
            await self.fail(store, 2, 10.0)
            assert (await store.claim(a_claim(3), 50.0)).attempt
        async with engine() as store:  # a later incarnation settles it
            mine = await store.adopt(run_id(3), 1)
            await store.settle(an_end(mine, state="error", health=health, breaker=BREAKER), 60.0)
            assert (await store.accounts())[0].probing == ""

    # pause

    async def test_a_paused_provider_starts_nothing(self, store: TaskStore) -> None:
        await store.pause("codex", "uid:0", 5.0)
        await store.pause("codex", "somebody else", 6.0)
        assert await store.pauses() == [Pause(provider="codex", by="uid:0", since=5.0)]
        refused = await store.claim(a_claim(1), 7.0)
        assert (refused.waiting, refused.until) == ("paused", None)
        assert "muxctl queue resume codex" in refused.text
        assert (await store.claim(a_claim(1, provider="claude", account="claude:me"), 7.0)).attempt

    async def test_a_pause_of_all_holds_everybody(self, engine: Engine) -> None:
        async with engine() as store:
            await store.pause("", "uid:0", 5.0)
        async with engine() as store:
            await store.submit(a_task(1))
            assert (await store.claim(a_claim(1), 7.0)).waiting == "paused"
            assert await store.resume("")
            assert not await store.resume("")
            assert (await store.claim(a_claim(1), 7.0)).attempt

    async def test_what_is_not_known_of_an_account_is_no_row(self, store: TaskStore) -> None:
        attempt = await running(store, 9)
        await store.settle(an_end(attempt, health="good"), 6.0)
        assert await store.accounts() == []
        assert Account(account="a", provider="p").circuit(0.0) == "closed"
