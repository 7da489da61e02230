"""What any TaskStore must find of what has ended: in pages, by filters, and by words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from modelmuxd.domain.bill import Bill
from modelmuxd.domain.bucket import Asked
from modelmuxd.domain.past import OUTPUT, SEARCHED, Wanted
from modelmuxd.domain.plans import Broadcast
from modelmuxd.domain.usage import Usage
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Ending
from muxwire.faults import Fault, FaultError
from muxwire.history import HistoryEntry
from muxwire.runs import Cost, Origin, TokenUsage
from store.builders import Engine, a_claim, a_task, an_end, run_id

LIMIT = Fault("rate_limit", 'The "limit".', "Wait.", provider="codex", retry_after=1.5, choices=("a",))
ENTRIES = msgspec.json.Decoder(HistoryEntry)


async def ended(store: TaskStore, number: int, **fields: object) -> None:
    """A run that ends so many seconds after 2000; `output`, `state`, `by` and the like belong to its end."""
    end = {name: fields.pop(name) for name in ("output", "output_file", "output_head", "state") if name in fields}
    provider = str(fields.pop("by", "codex"))
    await store.submit(a_task(number, **fields))
    attempt = (await store.claim(a_claim(number, provider=provider), 1999.0)).attempt
    assert attempt
    await store.settle(an_end(attempt, **end), 2000.0 + number)


async def found(store: TaskStore, **asked: object) -> list[HistoryEntry]:
    page = await store.history(Wanted(**{"limit": 100, **asked}))  # type: ignore[arg-type]
    return ENTRIES.decode_lines(page.lines)


async def numbers(store: TaskStore, **asked: object) -> list[int]:
    return [int(one.run_id[:6]) for one in await found(store, **asked)]


class HistoryConformance:
    """Subclasses give the fixture `engine`."""

    @pytest.fixture
    async def store(self, engine: Engine) -> AsyncIterator[TaskStore]:
        async with engine() as store:
            yield store

    async def test_the_newest_come_first_and_what_has_not_ended_is_not_past(self, store: TaskStore) -> None:
        for number in (1, 2, 3):
            await ended(store, number)
        await store.submit(a_task(4))
        assert await numbers(store) == [3, 2, 1]

    async def test_a_page_begins_where_the_one_before_it_ended(self, store: TaskStore) -> None:
        for number in range(1, 8):
            await ended(store, number)
        seen: list[int] = []
        while page := await numbers(store, limit=3, before=run_id(seen[-1]) if seen else ""):
            seen += page
            if len(seen) == 3:
                await ended(store, 9)
        assert seen == [7, 6, 5, 4, 3, 2, 1]
        with pytest.raises(FaultError, match="no run"):
            await found(store, before=run_id(77))

    async def test_each_filter_lets_pass_what_it_names(self, store: TaskStore) -> None:
        await ended(store, 1, by="claude", workdir="/w/a", origin=Origin("mcp", caller="cursor"))
        await ended(store, 2, state="timeout", workdir="/w")
        await ended(store, 3, workdir="/w0")
        assert await numbers(store, provider="claude") == [1]
        assert await numbers(store, status="timeout") == [2]
        assert await numbers(store, since=2002.0) == [3, 2]
        assert await numbers(store, until=2002.0) == [1]
        assert await numbers(store, kind="mcp") == [1]
        assert await numbers(store, workdir="/w/") == [2, 1]
        assert await numbers(store, workdir="/") == [3, 2, 1]
        assert await numbers(store, source="dispatch", status="success") == [3, 1]
        assert [(one.origin, one.caller) for one in await found(store, kind="mcp")] == [("mcp", "cursor")]

    async def test_an_entry_holds_all_that_is_known_of_a_run(self, store: TaskStore) -> None:
        asked = {"provider": "auto", "profile": "p", "workdir": "/w", "caller_excluded": "gemini"}
        hostile = 'a "quoted" \\ \x01\n\u2028 修 task'
        await store.submit(a_task(1, task=hostile, origin=Origin("mcp", caller="cursor"), **asked))
        attempt = (await store.claim(a_claim(1), 2000.0)).attempt
        assert attempt
        used = Usage(input=1, cached=2, cache_write=4, output=8, reasoning=16, raw='{"a": 1}', shares=(Usage(input=1),))
        told = {"summary": "s", "session_id": "x", "model": "m", "failover_from": "claude", "output": "修" * OUTPUT}
        paid = {"cost_micros": 1, "plan_micros": 1_500_000, "bill": Bill(chosen="reckoned")}
        end = an_end(attempt, state="error", fault=LIMIT, usage=used, **paid, **told)
        await store.settle(end, 2001.25)
        (line,) = (await store.history(Wanted(limit=2))).lines.splitlines()
        assert ENTRIES.decode(line) == HistoryEntry(
            ts=2001.25,
            run_id=run_id(1),
            source="dispatch",
            provider="codex",
            status="error",
            task=hostile,
            summary="s",
            output="修" * OUTPUT,
            session_id="x",
            duration_seconds=1.25,
            token_usage=TokenUsage(7, 24, 31, 2, 4, 16),
            cost=Cost(0.000001, "table", 1.5),
            error=LIMIT,
            model="m",
            routed_from="auto",
            caller_excluded="gemini",
            failover_from="claude",
            profile="p",
            sandbox="read-only",
            workdir="/w",
            origin="mcp",
            caller="cursor",
        )

    async def test_a_line_has_all_keys_whatever_is_known(self, store: TaskStore) -> None:
        await ended(store, 1, origin=Origin("cli"))
        await store.submit(a_task(2, blocked=Fault("policy", "No.")))
        pages = await store.history(Wanted(limit=2))
        plain, blocked = map(json.loads, pages.lines.splitlines())
        assert list(plain) == list(blocked) == list(HistoryEntry.__struct_fields__)
        assert (plain["source"], plain["error"], plain["cost"]["usd"]) == ("cli-dispatch", None, None)
        assert list(blocked["error"]) == list(Fault.__struct_fields__)
        assert (blocked["duration_seconds"], blocked["error"]["choices"]) == (0.0, [])
        assert (pages.count, pages.last) == (2, run_id(2))

    async def test_turns_belong_to_their_composite_but_count_for_their_provider(self, store: TaskStore) -> None:
        await store.submit(a_task(1, plan=Broadcast(members=(), timeout=1)))
        await ended(store, 2, by="claude", part_of=run_id(1), step="claude", output="sapphire")
        await store.finish(Ending(run_id=run_id(1), state="success"), 2009.0)
        assert await numbers(store) == [1]
        assert await numbers(store, source="broadcast") == [1]
        assert await numbers(store, provider="claude") == [2]
        assert await numbers(store, text="sapphire") == [2]

    async def test_sums_of_some_runs_are_as_the_kept_ones(self, store: TaskStore) -> None:
        """Turns count with their providers; what is made of them, where it is asked for by its kind."""
        await store.submit(a_task(1, plan=Broadcast(members=(), timeout=1)))
        await ended(store, 2, by="claude", part_of=run_id(1), step="claude", workdir="/w")
        await ended(store, 3, origin=Origin("mcp"), workdir="/w")
        await store.finish(Ending(run_id=run_id(1), state="success"), 2009.0)
        asked = Asked(by=("provider", "kind", "status"))
        kept = await store.sums(asked)
        looked = await store.tally(Wanted(limit=0, workdir="/"), asked)
        assert [(one.of, one.counts.calls, one.counts.ms) for one in looked] == [
            (one.of, one.counts.calls, one.counts.ms) for one in kept
        ]
        (broadcast,) = await store.tally(Wanted(limit=0, source="broadcast"), asked)
        assert (broadcast.of.provider, broadcast.counts.calls) == ("broadcast", 1)
        (plain,) = await store.tally(Wanted(limit=0, source="dispatch"), asked)
        assert plain.of.provider == "codex"

    async def test_words_of_the_task_and_of_the_answer_are_found(self, store: TaskStore) -> None:
        await ended(store, 1, task="Fix the Login page", output="done: login_form.py")
        await ended(store, 2, task="mend it", output="the page was fine")
        assert await numbers(store, text="page") == [2, 1]
        assert await numbers(store, text="LOGIN form") == [1]
        assert await numbers(store, text="pag") == []
        assert await numbers(store, text="page", status="error") == []

    @pytest.mark.parametrize("text", ["修复", "登录页", "页", "修复 login", "录页面"])
    async def test_chinese_is_found_by_any_part_of_it(self, store: TaskStore, text: str) -> None:
        await ended(store, 1, task="修复login的登录页面")
        await ended(store, 2, task="登出与录音")
        assert await numbers(store, text=text) == [1]

    @pytest.mark.parametrize("text", ['"', "a AND", "NEAR(", "*", "task:x", "-", "' OR 1", "\0", "^x", "(", "{a}"])
    async def test_no_text_is_an_error(self, store: TaskStore, text: str) -> None:
        await ended(store, 1)
        assert await numbers(store, text=text) == []

    async def test_of_a_long_answer_the_beginning_is_searched_and_a_piece_is_listed(self, store: TaskStore) -> None:
        await ended(store, 1, output="begun " + "x " * SEARCHED + "late")
        await ended(store, 2, output_file="2-1/answer", output_head="begun too")
        assert await numbers(store, text="begun") == [2, 1]
        assert await numbers(store, text="late") == []
        assert [len(one.output) for one in await found(store)] == [9, OUTPUT]

    async def test_what_was_cleaned_away_is_not_found_any_more(self, store: TaskStore) -> None:
        for number in (1, 2):
            await ended(store, number, task=f"task {number}", output="sapphire")
        await ended(store, 3, task="task 3", output_file="3-1/answer", output_head="sapphire")
        assert await numbers(store, text="sapphire") == [3, 2, 1]
        await store.forget("outputs", [1, 3], 3000.0)
        assert await numbers(store, text="sapphire") == [2]
        assert await numbers(store, text="task") == [3, 2, 1]
        await store.forget("runs", [1], 3000.0)
        await store.forget("runs", [2], 3000.0)
        assert await numbers(store, text="sapphire") == []
        assert await numbers(store, text="task") == [3]
        await ended(store, 4, task="another", output="ruby")
        assert await numbers(store, text="task") == [3]

    async def test_what_is_cleaned_away_before_it_was_searched_is_not_found(self, store: TaskStore) -> None:
        await ended(store, 1, output="sapphire")
        await store.forget("outputs", [1], 3000.0)
        assert await numbers(store, text="sapphire") == []
