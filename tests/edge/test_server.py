"""One server and well-meaning clients: calls, streams, faults, renderings, needs, large answers, goodbyes."""

from __future__ import annotations

import logging
import os
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import anyio
import msgspec
import pytest
from edge_served import Raw, listening, serving
from modelmuxd.edge.bounds import Bounds
from modelmuxd.edge.calls import Call
from modelmuxd.edge.render.base import Printed
from modelmuxd.edge.server import Server
from modelmuxd.edge.table import Handlers
from muxwire.events import Notice
from muxwire.faults import CONFLICT, INTERNAL, Fault, refuse
from muxwire.framing import frame
from muxwire.hello import hello
from muxwire.insight import Nothing, Pong, StatusParams
from muxwire.methods import DISPATCH, PING, STATUS, WATCH
from muxwire.protocol import (
    CHUNK,
    FEATURES,
    Cancel,
    Chunk,
    Event,
    Exit,
    Failed,
    Named,
    Need,
    Print,
    Result,
    Supply,
    View,
    Welcome,
)
from muxwire.protocol import (
    Call as Asked,
)
from muxwire.runs import DispatchParams, WatchParams

pytestmark = pytest.mark.anyio
decode = msgspec.msgpack.decode


def pong(params: Nothing, call: Call) -> Pong:
    return Pong(call.peer.pid)


async def three_notices(params: WatchParams, call: Call) -> str:
    for seq in range(1, 4):
        await call.event(Notice(attempt=1, seq=seq, text="!" * seq))
    return "done"


async def for_ever(params: Any, call: Call) -> None:
    await anyio.sleep_forever()


async def test_the_kernel_says_who_calls() -> None:
    async with serving(Handlers({PING: pong}, partial=True)) as (path, server), Raw.to(path) as client:
        await client.call(1, "ping")
        answer = await client.hear()
        assert decode(answer.value, type=Pong) == Pong(os.getpid())
        assert server.connections == 1


async def test_hello_and_calls_in_one_write() -> None:
    async with serving(Handlers({PING: pong}, partial=True)) as (path, _), Raw.to(path, greeted=False) as client:
        asked = Asked(1, "ping", msgspec.Raw(b"\x80"))
        await client.stream.send(b"".join(frame(msgspec.msgpack.encode(m)) for m in (hello("cli", version="1"), asked)))
        assert isinstance(await client.hear(), Welcome)
        assert isinstance(await client.hear(), Result)


async def test_events_come_in_order_before_the_result() -> None:
    async with serving(Handlers({WATCH: three_notices}, partial=True)) as (path, _), Raw.to(path) as client:
        await client.call(1, "watch", {"run_id": "r"})
        heard = [await client.hear() for _ in range(4)]
        assert [decode(event.value)["text"] for event in heard[:3]] == ["!", "!!", "!!!"]
        assert all(isinstance(event, Event) for event in heard[:3])
        assert decode(heard[3].value) == "done"


async def test_calls_of_one_connection_run_side_by_side() -> None:
    gate = anyio.Event()

    async def wait(params: WatchParams, call: Call) -> str:
        await gate.wait()
        return params.run_id

    def open_gate(params: Nothing, call: Call) -> str:
        gate.set()
        return "opened"

    async with serving(Handlers({WATCH: wait, PING: open_gate}, partial=True)) as (path, _), Raw.to(path) as client:
        await client.call(1, "watch", {"run_id": "a"})
        await client.call(2, "watch", {"run_id": "b"})
        await client.call(3, "ping")
        answers = [await client.hear() for _ in range(3)]
        assert {answer.id: decode(answer.value) for answer in answers} == {1: "a", 2: "b", 3: "opened"}
        assert answers[0].id == 3


async def test_a_handlers_fault_reaches_the_caller() -> None:
    async def refused(params: Any, call: Call) -> None:
        raise refuse(CONFLICT, "Not now.", "Try later.", retry_after=2.5)

    def also_refused(params: Any, call: Call) -> None:
        raise refuse(CONFLICT, "Not now.", "Try later.", retry_after=2.5)

    handlers = Handlers({WATCH: refused, PING: also_refused}, partial=True)
    async with serving(handlers) as (path, _), Raw.to(path) as client:
        await client.call(1, "watch", {"run_id": "r"})
        await client.call(2, "ping")
        fault = Fault(CONFLICT, "Not now.", "Try later.", retry_after=2.5)
        assert {await client.hear(), await client.hear()} == {Failed(1, fault), Failed(2, fault)}


async def test_a_handlers_mistake_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(params: Any, call: Call) -> None:
        raise KeyError("sk-secret")

    async with serving(Handlers({WATCH: broken, PING: pong}, partial=True)) as (path, _), Raw.to(path) as client:
        with caplog.at_level(logging.ERROR):
            await client.call(1, "watch", {"run_id": "r"})
            answer = await client.hear()
        assert answer.fault.code == INTERNAL
        assert "sk-secret" not in repr(answer)
        assert "watch failed" in caplog.text
        await client.call(2, "ping")
        assert isinstance(await client.hear(), Result)


async def test_a_cancelled_call_ends_and_says_so() -> None:
    ended = anyio.Event()

    async def endless(params: Any, call: Call) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    async with serving(Handlers({WATCH: endless, PING: pong}, partial=True)) as (path, _), Raw.to(path) as client:
        await client.call(1, "watch", {"run_id": "r"})
        await client.say(Cancel(1))
        answer = await client.hear()
        assert (answer.id, answer.fault.code) == (1, "canceled")
        assert ended.is_set()


async def test_hanging_up_ends_the_calls() -> None:
    begun, ended = anyio.Event(), anyio.Event()

    async def endless(params: Any, call: Call) -> None:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    async with serving(Handlers({WATCH: endless}, partial=True)) as (path, _):
        async with Raw.to(path) as client:
            await client.call(1, "watch", {"run_id": "r"})
            await begun.wait()
        with anyio.fail_after(20):
            await ended.wait()


async def test_a_large_result_travels_in_chunks() -> None:
    text = "ä" * CHUNK + "end"

    async def large(params: Any, call: Call) -> str:
        return text

    async with serving(Handlers({WATCH: large}, partial=True)) as (path, _), Raw.to(path) as client:
        await client.call(1, "watch", {"run_id": "r"})
        parts = []
        while isinstance(message := await client.hear(), Chunk):
            parts.append(message.data)
        assert len(parts) == 2
        assert decode(b"".join([*parts, decode(message.value)])) == text


async def test_what_the_caller_has_is_asked_for_by_name() -> None:
    async def needy(params: Any, call: Call) -> dict[str, str]:
        return {**await call.need(["KEY_A", "KEY_B"]), **await call.need(["KEY_C"])}

    async with serving(Handlers({DISPATCH: needy}, partial=True)) as (path, _), Raw.to(path) as client:
        await client.call(1, "dispatch", {"task": "x"})
        assert await client.hear() == Need(1, ("KEY_A", "KEY_B"))
        await client.say(Supply(1, {"KEY_A": "a", "PUSHED": "p"}))
        assert await client.hear() == Need(1, ("KEY_C",))
        await client.say(Supply(1, {"KEY_A": "other", "KEY_C": "c"}))
        assert decode((await client.hear()).value) == {"KEY_A": "a", "KEY_C": "c"}


@pytest.mark.parametrize("silence", ["times out", "half-closes"])
async def test_a_caller_that_supplies_nothing_is_not_waited_for(silence: str) -> None:
    async def needy(params: Any, call: Call) -> dict[str, str]:
        return await call.need(["KEY"], timeout=0.01 if silence == "times out" else 3600)

    async with serving(Handlers({DISPATCH: needy}, partial=True)) as (path, _), Raw.to(path) as client:
        await client.call(1, "dispatch", {"task": "x"})
        assert isinstance(await client.hear(), Need)
        if silence == "half-closes":
            await client.half_close()
        assert decode((await client.hear()).value) == {}


async def test_too_many_calls_at_once_are_refused() -> None:
    handlers = Handlers({WATCH: for_ever}, partial=True)
    async with serving(handlers, bounds=Bounds(calls=2)) as (path, _), Raw.to(path) as client:
        for id in (1, 2, 3):
            await client.call(id, "watch", {"run_id": "r"})
        answer = await client.hear()
        assert (answer.id, answer.fault.code) == (3, CONFLICT)


class Shouts:
    """Renders everything in capitals; counts in the exit code."""

    def __init__(self, view: View, params: Any) -> None:
        self.view = view
        self.events = 0

    def event(self, value: Any) -> Printed | None:
        self.events += 1
        return Printed(stderr=value.text.encode()) if len(value.text) != 2 else None

    def result(self, value: Any) -> Printed:
        if value == "unprintable":
            raise UnicodeError(value)
        return Printed(stdout=value.upper().encode(), code=self.events)

    def fault(self, fault: Fault) -> Printed:
        return Printed(stderr=fault.code.upper().encode())


class ShoutingRenderers:
    def start(self, method_name: str, view: View, params: Any) -> Shouts:
        return Shouts(view, params)


async def printed(client: Raw) -> tuple[list[tuple[int, bytes]], int]:
    prints = []
    while isinstance(message := await client.hear(), Print):
        prints.append((message.fd, message.data))
    assert isinstance(message, Exit)
    return prints, message.code


async def test_a_rendered_call_prints_and_exits() -> None:
    handlers = Handlers({WATCH: three_notices, PING: lambda params, call: "pong"}, partial=True)
    async with serving(handlers, renderers=ShoutingRenderers()) as (path, _), Raw.to(path) as client:
        await client.call(1, "watch", {"run_id": "r"}, View())
        assert await printed(client) == ([(2, b"!"), (2, b"!!!"), (1, b"DONE")], 3)
        await client.call(2, "ping", {}, View())
        assert await printed(client) == ([(1, b"PONG")], 0)


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [("watch", {}, b"USAGE"), ("wach", {}, b"USAGE"), ("status", {}, b"INTERNAL"), ("ping", {}, b"INTERNAL")],
)
async def test_a_rendered_calls_fault_is_rendered(method: str, params: Any, said: bytes) -> None:
    async def broken(params: StatusParams, call: Call) -> None:
        raise ZeroDivisionError

    table: Any = {WATCH: three_notices, STATUS: broken, PING: lambda params, call: "unprintable"}
    handlers = Handlers(table, partial=True)
    async with serving(handlers, renderers=ShoutingRenderers()) as (path, _), Raw.to(path) as client:
        await client.call(1, method, params, View())
        assert await printed(client) == ([(2, said)], 1)


async def test_rendering_is_not_offered_where_nobody_renders() -> None:
    async with serving(Handlers({PING: pong}, partial=True)) as (path, _), Raw.to(path, greeted=False) as client:
        await client.say(hello("cli", version="1"))
        assert "view" not in (await client.hear()).features
        await client.call(1, "ping", {}, View())
        assert isinstance(await client.hear(), Failed)


async def test_params_are_read_into_the_methods_type() -> None:
    async def echo(params: DispatchParams, call: Call) -> list[Any]:
        assert call.params is params
        return [type(params).__name__, params.task, call.method, call.hello.role]

    async with serving(Handlers({DISPATCH: echo}, partial=True)) as (path, _), Raw.to(path) as client:
        await client.call(1, "dispatch", {"task": "x"})
        assert decode((await client.hear()).value) == ["DispatchParams", "x", "dispatch", "probe"]


@pytest.mark.parametrize(
    ("features", "view", "named"),
    [(FEATURES, View(), True), (("view",), View(), False), (FEATURES, None, False)],
    ids=["who prints", "an older client", "a program"],
)
async def test_the_run_is_named_to_who_prints_and_knows_the_word(
    features: tuple[str, ...], view: View | None, named: bool
) -> None:
    async def follow(params: WatchParams, call: Call) -> str:
        await call.named("01kak3")
        return "done"

    handlers = Handlers({WATCH: follow}, partial=True)
    async with (
        serving(handlers, renderers=ShoutingRenderers()) as (path, _),
        Raw.to(path, greeted=False) as client,
    ):
        await client.say(msgspec.structs.replace(hello("cli", version="1"), features=features))
        await client.hear()
        await client.call(1, "watch", {"run_id": "r"}, view)
        first = await client.hear()
    assert (first == Named(1, "01kak3")) is named


@pytest.mark.parametrize("by", ["cancel", "hang-up", "daemon"])
async def test_a_call_that_ends_early_knows_who_ended_it(by: str) -> None:
    told: list[bool] = []
    begun, over = anyio.Event(), anyio.Event()

    async def held(params: WatchParams, call: Call) -> None:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.wait_all_tasks_blocked()  # the line is closed by now, whoever closed it
            told.append(call.left)
            over.set()

    async with AsyncExitStack() as later, serving(Handlers({WATCH: held}, partial=True)) as (path, _):
        client = await later.enter_async_context(Raw.to(path))
        await client.call(1, "watch", {"run_id": "r"})
        await begun.wait()
        if by == "cancel":
            await client.say(Cancel(1))
        elif by == "hang-up":
            await client.stream.aclose()
        if by != "daemon":
            await over.wait()
    assert told == [by != "daemon"]


async def test_draining_answers_what_is_in_flight_and_takes_no_more() -> None:
    gate, begun = anyio.Event(), anyio.Event()

    async def slow(params: Any, call: Call) -> str:
        begun.set()
        await gate.wait()
        return "answered"

    server = Server(Handlers({WATCH: slow, PING: pong}, partial=True), version="1")
    async with listening() as (path, listener), anyio.create_task_group() as tasks:
        await tasks.start(partial(server.serve, listener))
        async with Raw.to(path) as busy, Raw.to(path) as idle, Raw.to(path, greeted=False) as stranger:
            await busy.call(1, "watch", {"run_id": "r"})
            await begun.wait()
            server.drain()
            assert await idle.hear() is None
            assert await stranger.hear() is None
            await busy.call(2, "ping")
            gate.set()
            assert decode((await busy.hear()).value) == "answered"
            assert await busy.hear() is None  # and `serve` returns, which ends the block
