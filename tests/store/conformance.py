"""What any TaskStore must do. A new engine is held to it by a subclass with an `engine` fixture: see test_sqlite.py."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from anyio import create_task_group
from modelmuxd.domain.budget import Spending
from modelmuxd.domain.usage import Usage
from modelmuxd.domain.worktree import Worktree
from modelmuxd.store.interface import Stale, TaskStore
from modelmuxd.store.records import Decided
from muxwire.events import AttemptEnded, AttemptStarted, Ended, RunEvent, StateChanged, Text, ToolUsed
from muxwire.faults import AMBIGUOUS, CONFLICT, NOT_FOUND, POLICY, USAGE, Fault, FaultError
from muxwire.runs import Changes, Origin, RunResult, Verified
from store.builders import Engine, a_claim, a_task, an_end, run_id, running

RATE_LIMITED = Fault("rate_limit", "Too many requests.", "Wait a minute.", provider="codex", retry_after=60.0)


async def all_events(store: TaskStore, run: str) -> list[RunEvent]:
    found: list[RunEvent] = []
    while page := await store.events(run, found[-1].seq if found else 0, 3):
        found += page
    return found


async def states(store: TaskStore, run: str) -> list[str]:
    return [event.state for event in await all_events(store, run) if isinstance(event, StateChanged)]


def code_of(caught: pytest.ExceptionInfo[FaultError]) -> str:
    assert caught.value.fault.hint, "a fault names the next step"
    return caught.value.fault.code


class Conformance:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    async def store(self, engine: Engine) -> AsyncIterator[TaskStore]:
        async with engine() as store:
            yield store

    # submit

    async def test_an_accepted_task_is_queued_and_comes_back_whole(self, store: TaskStore) -> None:
        asked = a_task(
            task="nul \0, quotes ' \" and 雪 🏔\n",
            provider="codex/gpt",
            model="gpt",
            sandbox="write",
            workdir="/tmp/with space",
            session_id="s-1",
            timeout=7,
            max_retries=3,
            failover=False,
            profile="careful",
            effort="high",
            priority=-4,
            origin=Origin("mcp", "uid:0", "claude", "/src", run_id(9)),
            env={"PATH": "/bin", "LANG": "C"},
            env_names=("OPENAI_API_KEY",),
            payload_hash="h",
        )
        task, fresh = await store.submit(asked)
        assert (task.new, task.state, fresh) == (asked, "queued", True)
        assert await store.find(asked.run_id) == task
        assert await all_events(store, asked.run_id) == [StateChanged(seq=1, at=asked.created_at, state="queued")]

    async def test_a_refused_task_is_recorded_as_blocked(self, store: TaskStore) -> None:
        fault = Fault(POLICY, "`full` is not allowed here.", "Ask for `write`.")
        why = Decided(kind="refuse", text="blocked_sandboxes", data={"rule": "blocked_sandboxes"})
        task, _ = await store.submit(a_task(blocked=fault), [why])
        assert (task.state, task.fault, task.ended_at) == ("blocked", fault, task.new.created_at)
        assert await states(store, run_id(1)) == ["blocked"]
        assert await store.decisions(run_id(1)) == [(task.new.created_at, why)]
        assert await store.unfinished() == []

    async def test_the_same_key_gives_the_same_run(self, store: TaskStore) -> None:
        first, _ = await store.submit(a_task(1, idempotency_key="k", payload_hash="h"))
        again, fresh = await store.submit(a_task(2, idempotency_key="k", payload_hash="h"))
        assert (again, fresh) == (first, False)
        assert len(await store.unfinished()) == 1

    async def test_the_same_key_gives_the_same_run_after_it_ended(self, engine: Engine) -> None:
        async with engine() as store:
            await store.submit(a_task(1, idempotency_key="k"))
            await store.end(run_id(1), "canceled", None, 5.0)
        async with engine() as store:
            again, fresh = await store.submit(a_task(2, idempotency_key="k"))
            assert (again.new.run_id, again.state, fresh) == (run_id(1), "canceled", False)

    async def test_the_same_key_with_another_payload_is_a_conflict(self, store: TaskStore) -> None:
        await store.submit(a_task(1, idempotency_key="k", payload_hash="h"))
        with pytest.raises(FaultError) as caught:
            await store.submit(a_task(2, idempotency_key="k", payload_hash="other"))
        assert code_of(caught) == CONFLICT
        assert run_id(1) in caught.value.fault.message

    @pytest.mark.parametrize("origin", [Origin("cli", "uid:2"), Origin("mcp", "uid:1")])
    async def test_a_key_belongs_to_its_caller(self, store: TaskStore, origin: Origin) -> None:
        await store.submit(a_task(1, idempotency_key="k", payload_hash="a", origin=Origin("cli", "uid:1")))
        _, fresh = await store.submit(a_task(2, idempotency_key="k", payload_hash="b", origin=origin))
        assert fresh

    async def test_the_same_key_at_the_same_time_makes_one_run(self, store: TaskStore) -> None:
        made: list[bool] = []

        async def submit(number: int) -> None:
            made.append((await store.submit(a_task(number, idempotency_key="k")))[1])

        async with create_task_group() as tasks:
            for number in range(1, 9):
                tasks.start_soon(submit, number)
        assert sorted(made) == [False] * 7 + [True]

    # claim

    async def test_a_claim_starts_the_first_attempt(self, store: TaskStore) -> None:
        await store.submit(a_task())
        why = Decided(kind="route", text="codex: best for this", data={"score": 0.5})
        claimed = await store.claim(
            a_claim(model="gpt", argv=("codex", "exec"), enforced="kernel", why="best", decisions=(why,)), 5.0
        )
        attempt, task = claimed.attempt, await store.find(run_id(1))
        assert attempt is not None
        assert (attempt.number, attempt.epoch, attempt.state, attempt.started_at) == (1, store.epoch, "running", 5.0)
        assert attempt.argv == ("codex", "exec")
        assert await store.attempts(run_id(1)) == [attempt]
        assert (task.state, task.provider, task.model, task.attempts) == ("running", "codex", "gpt", 1)
        assert (task.started_at, task.enforced) == (5.0, "kernel")
        assert (await all_events(store, run_id(1)))[1:] == [
            StateChanged(seq=2, at=5.0, state="running"),
            AttemptStarted(seq=3, at=5.0, attempt=1, provider="codex", account="codex:me", why="best"),
        ]
        assert await store.decisions(run_id(1)) == [(5.0, why)]

    async def test_an_account_takes_no_more_than_its_limit(self, store: TaskStore) -> None:
        for number in (1, 2):
            await running(store, number)
        await store.submit(a_task(3))
        refused = await store.claim(a_claim(3, max_account=2), 5.0)
        assert (refused.attempt, refused.waiting, refused.gone) == (None, "slots", False)
        assert refused.text == "slots: codex has 2 of 2 running"
        other = await store.claim(a_claim(3, account="codex:work", max_account=2), 5.0)
        assert other.attempt is not None

    async def test_all_accounts_together_take_no_more_than_the_limit(self, store: TaskStore) -> None:
        await running(store, 1)
        await store.submit(a_task(2))
        refused = await store.claim(a_claim(2, account="other", max_running=1), 5.0)
        assert (refused.waiting, refused.text) == ("slots", "slots: 1 of 1 running in all")

    async def test_a_refused_claim_writes_nothing(self, store: TaskStore) -> None:
        before, _ = await store.submit(a_task())
        await store.claim(a_claim(max_running=0, decisions=(Decided(kind="route", text="x"),)), 5.0)
        assert await store.find(run_id(1)) == before
        assert (await store.attempts(run_id(1)), await store.decisions(run_id(1))) == ([], [])

    async def test_an_ended_attempt_gives_its_slot_back(self, store: TaskStore) -> None:
        await store.settle(an_end(await running(store, 1)), 6.0)
        await store.submit(a_task(2))
        assert (await store.claim(a_claim(2, max_running=1, max_account=1), 7.0)).attempt is not None

    async def test_attempts_of_an_earlier_incarnation_hold_their_slots(self, engine: Engine) -> None:
        async with engine() as store:
            await running(store, 1)
        async with engine() as store:
            await store.submit(a_task(2))
            assert (await store.claim(a_claim(2, max_running=1), 7.0)).waiting == "slots"

    async def test_nothing_is_left_to_claim_of_a_run_that_ended_runs_or_is_canceled(self, store: TaskStore) -> None:
        await store.submit(a_task(1))
        await store.end(run_id(1), "error", None, 5.0)
        await running(store, 2)
        await running(store, 3)
        await store.request_cancel(run_id(3), "uid:1", 5.0)
        for number in (1, 2, 3):
            assert (await store.claim(a_claim(number), 6.0)).gone

    async def test_claims_at_the_same_time_respect_the_limit(self, store: TaskStore) -> None:
        started: list[int] = []

        async def claim(number: int) -> None:
            if (await store.claim(a_claim(number, max_running=3), 5.0)).attempt:
                started.append(number)

        for number in range(1, 9):
            await store.submit(a_task(number))
        async with create_task_group() as tasks:
            for number in range(1, 9):
                tasks.start_soon(claim, number)
        assert len(started) == 3

    # append and events

    async def test_events_are_numbered_without_a_gap(self, store: TaskStore) -> None:
        attempt = await running(store)
        pieces = [Text(at=float(n), attempt=1, text=str(n)) for n in range(5)]
        assert await store.append(run_id(1), 1, attempt.epoch, pieces[:2]) == 5
        assert await store.append(run_id(1), 1, attempt.epoch, ()) == 5
        assert await store.append(run_id(1), 1, attempt.epoch, pieces[2:]) == 8
        found = await all_events(store, run_id(1))
        assert [event.seq for event in found] == list(range(1, 9))
        assert [event.text for event in found if isinstance(event, Text)] == list("01234")
        assert (await store.find(run_id(1))).last_seq == 8
        assert [event.seq for event in await store.events(run_id(1), 6, 100)] == [7, 8]

    async def test_long_events_come_in_pages_of_bounded_size(self, store: TaskStore) -> None:
        attempt = await running(store)
        await store.append(run_id(1), 1, attempt.epoch, [Text(attempt=1, text="x" * 65536) for _ in range(40)])
        assert 0 < len(await store.events(run_id(1), 3, 1000)) < 40
        assert sum(isinstance(event, Text) for event in await all_events(store, run_id(1))) == 40

    async def test_appending_is_refused_when_the_attempt_is_not_ours_or_over(self, store: TaskStore) -> None:
        attempt = await running(store)
        for number, epoch in ((1, attempt.epoch + 1), (1, attempt.epoch - 1), (2, attempt.epoch)):
            with pytest.raises(Stale):
                await store.append(run_id(1), number, epoch, [Text(attempt=1, text="late")])
        await store.settle(an_end(attempt), 6.0)
        with pytest.raises(Stale):
            await store.append(run_id(1), 1, attempt.epoch, [Text(attempt=1, text="late")])
        assert not any(isinstance(event, Text) for event in await all_events(store, run_id(1)))

    async def test_the_end_event_is_derived_and_never_stored(self, store: TaskStore) -> None:
        attempt = await running(store)
        result = RunResult(
            run_id=run_id(1), provider="", status="success", summary="", output="", session_id="", duration_seconds=0,
            token_usage=None, routed_from=None, caller_excluded=None, model="",
        )  # fmt: skip
        with pytest.raises(TypeError):
            await store.append(run_id(1), 1, attempt.epoch, [Ended(result=result)])

    # settle

    async def test_a_settle_ends_attempt_and_run_with_its_last_events(self, store: TaskStore) -> None:
        attempt = await running(store)
        usage = Usage(input=5, cached=4, cache_write=3, output=2, reasoning=1, model="gpt", rule="r", raw='{"a":1}')
        why = Decided(kind="end", text="the agent finished")
        task = await store.settle(
            an_end(
                attempt, exit_code=0, session_id="s-9", model="gpt-real", usage=usage, cost_micros=7, enforced="kernel",
                summary="done", output="hello 雪", output_size=9, decisions=(why,),
                events=(ToolUsed(at=8.0, attempt=1, name="ls"), AttemptEnded(at=9.0, attempt=1)),
            ),
            9.0,
        )  # fmt: skip
        assert (task.state, task.ended_at, task.output, task.summary) == ("success", 9.0, "hello 雪", "done")
        assert (task.session_id, task.model, task.usage, task.cost_micros) == ("s-9", "gpt-real", usage, 7)
        assert task == await store.find(run_id(1))
        (ended,) = await store.attempts(run_id(1))
        assert (ended.state, ended.ended_at, ended.exit_code, ended.usage) == ("success", 9.0, 0, usage)
        assert [type(event) for event in (await all_events(store, run_id(1)))[3:]] == [
            ToolUsed,
            AttemptEnded,
            StateChanged,
        ]
        assert (9.0, why) in await store.decisions(run_id(1))

    async def test_a_settle_happens_once(self, store: TaskStore) -> None:
        attempt = await running(store)
        first = await store.settle(an_end(attempt, output="right"), 6.0)
        with pytest.raises(Stale):
            await store.settle(an_end(attempt, output="wrong", state="error"), 7.0)
        assert await store.find(run_id(1)) == first

    async def test_a_settle_under_another_epoch_is_refused(self, store: TaskStore) -> None:
        attempt = await running(store)
        with pytest.raises(Stale):
            await store.settle(an_end(attempt, epoch=attempt.epoch - 1, output="wrong"), 6.0)
        assert (await store.find(run_id(1))).state == "running"

    async def test_a_run_goes_on_after_a_failed_attempt(self, store: TaskStore) -> None:
        first = await running(store)
        parked = await store.settle(
            an_end(
                first, attempt_state="rate_limit", fault=RATE_LIMITED, state=None, output="half", summary="half",
                waiting="cooldown", waiting_for="cooldown: codex until 14:05", not_before=66.0,
            ),
            6.0,
        )  # fmt: skip
        assert (parked.state, parked.waiting, parked.not_before) == ("waiting", "cooldown", 66.0)
        assert (parked.fault, parked.ended_at) == (RATE_LIMITED, None)
        second = (await store.claim(a_claim(provider="claude", account="c"), 70.0)).attempt
        assert second is not None
        assert second.number == 2
        done = await store.settle(an_end(second, failover_from="codex"), 80.0)
        assert (done.state, done.fault, done.failover_from, done.attempts) == ("success", None, "codex", 2)
        assert (done.output, done.summary) == ("", ""), "what the first attempt left is not the second's answer"
        assert (done.started_at, done.waiting, done.not_before) == (2000.0, None, None)
        assert await states(store, run_id(1)) == ["queued", "running", "waiting", "running", "success"]
        assert [each.fault for each in await store.attempts(run_id(1))] == [RATE_LIMITED, None]

    async def test_a_run_has_spent_what_its_attempts_spent(self, store: TaskStore) -> None:
        first = await running(store)
        await store.settle(an_end(first, state=None, usage=Usage(input=1, output=2, raw="{}"), cost_micros=10), 6.0)
        second = (await store.claim(a_claim(), 7.0)).attempt
        assert second is not None
        done = await store.settle(an_end(second, usage=Usage(input=10, reasoning=5, model="m"), cost_micros=5), 8.0)
        assert done.usage == Usage(input=11, output=2, reasoning=5, model="m")
        assert done.cost_micros == 15

    async def test_an_unknown_price_is_unknown_and_never_nothing(self, store: TaskStore) -> None:
        first = await running(store)
        await store.settle(an_end(first, state=None, usage=Usage(input=1)), 6.0)
        second = (await store.claim(a_claim(), 7.0)).attempt
        assert second is not None
        done = await store.settle(an_end(second, usage=Usage(input=1), cost_micros=5), 8.0)
        assert done.cost_micros is None

    async def test_a_canceled_run_is_not_tried_again(self, store: TaskStore) -> None:
        attempt = await running(store)
        asked = await store.request_cancel(run_id(1), "uid:1", 5.0)
        assert (asked.state, asked.canceling) == ("running", True)
        ended = await store.settle(an_end(attempt, attempt_state="rate_limit", fault=RATE_LIMITED, state=None), 6.0)
        assert (ended.state, ended.ended_at) == ("canceled", 6.0)
        assert ended.fault is not None
        assert ended.fault.code == "canceled"

    # waiting, ending, canceling

    async def test_why_a_task_waits_is_told_once(self, store: TaskStore) -> None:
        await store.submit(a_task())
        for now in (5.0, 6.0):
            task = await store.wait_for(run_id(1), "login", "login: run `codex login`", None, now)
            assert (task.state, task.waiting, task.waiting_for) == ("waiting", "login", "login: run `codex login`")
        await store.wait_for(run_id(1), "quota", "quota until 14:05", 99.0, 7.0)
        told = (await all_events(store, run_id(1)))[1:]
        assert told == [
            StateChanged(seq=2, at=5.0, state="waiting", reason="login", text="login: run `codex login`"),
            StateChanged(seq=3, at=7.0, state="waiting", reason="quota", text="quota until 14:05", until=99.0),
        ]

    async def test_what_runs_or_has_ended_does_not_wait(self, store: TaskStore) -> None:
        await running(store, 1)
        await store.submit(a_task(2))
        await store.end(run_id(2), "error", None, 5.0)
        for number, state in ((1, "running"), (2, "error")):
            assert (await store.wait_for(run_id(number), "slots", "slots", None, 6.0)).state == state

    async def test_the_first_end_counts(self, store: TaskStore) -> None:
        await store.submit(a_task())
        fault = Fault("no_provider", "No provider is installed.", "Install one.")
        why = Decided(kind="end", text="nobody can")
        first = await store.end(run_id(1), "error", fault, 5.0, [why])
        assert (first.state, first.fault, first.ended_at) == ("error", fault, 5.0)
        assert await store.end(run_id(1), "canceled", None, 6.0, [why]) == first
        assert await states(store, run_id(1)) == ["queued", "error"]
        assert await store.decisions(run_id(1)) == [(5.0, why)]

    async def test_a_running_attempt_must_be_settled_not_ended(self, store: TaskStore) -> None:
        await running(store)
        with pytest.raises(Stale):
            await store.end(run_id(1), "error", None, 5.0)

    async def test_a_cancel_in_the_queue_ends_the_run_and_says_who(self, store: TaskStore) -> None:
        await store.submit(a_task())
        task = await store.request_cancel(run_id(1), "muxctl (uid 1)", 5.0)
        assert (task.state, task.ended_at) == ("canceled", 5.0)
        assert await store.request_cancel(run_id(1), "somebody else", 6.0) == task
        ((at, why),) = await store.decisions(run_id(1))
        assert (at, why.kind) == (5.0, "cancel")
        assert "muxctl (uid 1)" in why.text

    async def test_a_cancel_of_a_running_attempt_is_remembered_once(self, engine: Engine) -> None:
        async with engine() as store:
            await running(store)
            await store.request_cancel(run_id(1), "a", 5.0)
            await store.request_cancel(run_id(1), "b", 6.0)
            assert len(await store.decisions(run_id(1))) == 1
        async with engine() as store:
            (task,) = await store.unfinished()
            assert (task.canceling, task.state) == (True, "running")

    # incarnations

    async def test_every_incarnation_has_a_larger_epoch(self, engine: Engine) -> None:
        seen: list[int] = []
        for _ in range(3):
            async with engine() as store:
                seen.append(store.epoch)
        assert seen == sorted(set(seen))

    async def test_an_adopted_attempt_is_settled_by_its_new_owner(self, engine: Engine) -> None:
        async with engine() as store:
            attempt = await running(store)
        async with engine() as store:
            with pytest.raises(Stale):
                await store.settle(an_end(attempt), 6.0)
            adopted = await store.adopt(run_id(1), 1)
            assert adopted.epoch == store.epoch
            assert (await store.settle(an_end(adopted), 7.0)).state == "success"
            with pytest.raises(Stale):
                await store.adopt(run_id(1), 1)

    async def test_a_later_incarnation_fences_all_late_writes(self, engine: Engine) -> None:
        async with engine() as old:
            attempt = await running(old)
            async with engine() as young:
                with pytest.raises(Stale):
                    await old.settle(an_end(attempt), 6.0)
                with pytest.raises(Stale):
                    await old.append(run_id(1), 1, attempt.epoch, [Text(attempt=1, text="late")])
                with pytest.raises(Stale):
                    await old.submit(a_task(2))
                with pytest.raises(Stale):
                    await old.adopt(run_id(1), 1)
                adopted = await young.adopt(run_id(1), 1)
                assert (await young.settle(an_end(adopted, output="mine"), 7.0)).output == "mine"

    # reading

    async def test_a_run_is_found_by_any_unique_prefix(self, store: TaskStore) -> None:
        for name in ("aaaaaa111", "aaaaaa122", "aaaaab222"):
            await store.submit(a_task(run_id=name))
        for prefix, name in (("aaaaaa11", "aaaaaa111"), ("AAAAAB", "aaaaab222"), ("aaaaaa122", "aaaaaa122")):
            assert (await store.find(prefix)).new.run_id == name
        with pytest.raises(FaultError) as caught:
            await store.find("aaaaaa")
        assert code_of(caught) == AMBIGUOUS
        assert caught.value.fault.choices == ("aaaaaa111", "aaaaaa122")

    @pytest.mark.parametrize(
        ("prefix", "code"), [("aaaaac", NOT_FOUND), ("aaaaaa%", NOT_FOUND), ("aaaaaa1111", NOT_FOUND), ("aaaaa", USAGE)]
    )
    async def test_a_wrong_name_finds_nothing(self, store: TaskStore, prefix: str, code: str) -> None:
        await store.submit(a_task(run_id="aaaaaa111"))
        with pytest.raises(FaultError) as caught:
            await store.find(prefix)
        assert code_of(caught) == code

    async def test_an_unknown_run_is_a_fault_everywhere(self, store: TaskStore) -> None:
        calls = (
            store.claim(a_claim(7), 1.0), store.append(run_id(7), 1, 1, ()), store.end(run_id(7), "error", None, 1.0),
            store.wait_for(run_id(7), "slots", "", None, 1.0), store.request_cancel(run_id(7), "", 1.0),
            store.adopt(run_id(7), 1), store.decide(run_id(7), (), 1.0), store.attempts(run_id(7)),
            store.decisions(run_id(7)), store.events(run_id(7), 0, 1),
        )  # fmt: skip
        for call in calls:
            with pytest.raises(FaultError) as caught:
                await call
            assert code_of(caught) == NOT_FOUND

    async def test_the_unfinished_come_oldest_first_however_many(self, store: TaskStore) -> None:
        async with create_task_group() as tasks:
            for number in range(450):
                tasks.start_soon(store.submit, a_task(number))
        await store.end(run_id(3), "error", None, 5.0)
        found = [task.new.run_id for task in await store.unfinished()]
        assert found == [run_id(number) for number in range(450) if number != 3]

    async def test_the_recent_come_newest_first(self, store: TaskStore) -> None:
        for number in range(5):
            await store.submit(a_task(number))
        for at, number in enumerate((3, 1, 4)):
            await store.end(run_id(number), "error", None, float(at))
        assert [task.new.run_id for task in await store.recent(2)] == [run_id(4), run_id(1)]

    async def test_what_a_day_came_to_is_what_is_known_of_its_ended_runs(self, store: TaskStore) -> None:
        assert await store.spent_since(0.0) == Spending(runs=0)
        told = ((5.0, Usage(input=1, output=2), 10), (6.0, Usage(cached=3), 40), (7.0, Usage(reasoning=4), None))
        for number, (at, usage, cost) in enumerate((*told, (8.0, None, None)), 1):
            attempt = await running(store, number, account=f"codex:{number}")
            await store.settle(an_end(attempt, usage=usage, cost_micros=cost), at)
        await store.submit(a_task(5))
        await store.end(run_id(5), "canceled", None, 9.0)  # no agent has worked on it
        await running(store, 6)
        assert await store.spent_since(5.0) == Spending(runs=5, tokens=10, cost_micros=50, unpriced=2)
        assert await store.spent_since(5.5) == Spending(runs=4, tokens=7, cost_micros=40, unpriced=2)
        assert await store.spent_since(8.0) == Spending(runs=2, unpriced=1)

    async def test_a_session_remembers_its_last_usage_and_worktree(self, store: TaskStore) -> None:
        for number, used in enumerate((Usage(raw='{"n":1}', cumulative=True), Usage(raw='{"n":2}'), None), 1):
            tree = Worktree(name=run_id(number), path=f"/w/{number}", checkout="/c", repository="/c/.git", base="0")
            await store.submit(a_task(number, worktree=tree))
            attempt = (await store.claim(a_claim(number), float(number))).attempt
            assert attempt is not None
            await store.settle(an_end(attempt, session_id="s", usage=used), 10.0 + number)
        assert await store.session_usage("codex", "s") == Usage(raw='{"n":2}')
        last = await store.session_worktree("codex", "s")
        assert last is not None
        assert last.path == "/w/3"
        for provider, session in (("claude", "s"), ("codex", "t"), ("codex", "")):
            assert await store.session_usage(provider, session) is None
            assert await store.session_worktree(provider, session) is None

    async def test_what_was_changed_and_checked_is_kept_and_an_attempt_that_follows_takes_its_place(
        self, store: TaskStore
    ) -> None:
        changes, verified = Changes(2, 10, 3), Verified(command=("make", "test"), exit_code=1, seconds=2.5, output="x")
        attempt = await running(store)
        again = await store.settle(an_end(attempt, state=None, changes=changes, verified=verified), 5.0)
        assert (again.changes, again.verified) == (changes, verified)
        second = (await store.claim(a_claim(), 6.0)).attempt
        assert second is not None
        ended = await store.settle(an_end(second, changes=Changes(0, 0, 0)), 7.0)
        assert (ended.changes, ended.verified) == (Changes(0, 0, 0), None)

    async def test_decisions_come_in_order(self, store: TaskStore) -> None:
        await store.submit(a_task())
        first, second = Decided(kind="route", text="a", data={"n": [1, None]}), Decided(kind="wait", text="b")
        await store.decide(run_id(1), [first], 5.0)
        await store.decide(run_id(1), [second], 4.0)
        assert await store.decisions(run_id(1)) == [(5.0, first), (4.0, second)]

    async def test_a_long_prompt_and_answer_are_kept_byte_for_byte(self, store: TaskStore) -> None:
        text = "läng\r\n\0" * 300_000
        await store.submit(a_task(task=text))
        attempt = (await store.claim(a_claim(), 5.0)).attempt
        assert attempt is not None
        await store.settle(an_end(attempt, output=text), 6.0)
        task = await store.find(run_id(1))
        assert task.new.task == text
        assert task.output == text

    async def test_what_cannot_be_written_hurts_nobody_else(self, store: TaskStore) -> None:
        outcome: dict[int, str] = {}

        async def submit(number: int, text: str) -> None:
            try:
                await store.submit(a_task(number, task=text))
                outcome[number] = "kept"
            except ValueError:
                outcome[number] = "refused"

        async with create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(submit, number, "lone \ud800" if number == 3 else "fine")
        assert outcome == {number: "refused" if number == 3 else "kept" for number in range(8)}
        assert len(await store.unfinished()) == 7
