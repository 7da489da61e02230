"""The async client's own: many calls at once, cancelled ones, streams that nobody reads."""

from __future__ import annotations

import anyio
import pytest
from edge_served import serving
from modelmuxd.edge.calls import Call
from modelmuxd.edge.table import Handlers
from muxclients.link.aio import BACKLOG, connect
from muxwire.events import Notice
from muxwire.faults import UNREACHABLE, FaultError
from muxwire.insight import Nothing, Pong
from muxwire.methods import PING, WATCH, Method
from muxwire.protocol import Cancel
from muxwire.runs import WatchParams
from scripted_daemon import Script, following

pytestmark = pytest.mark.anyio
ECHO = Method("watch", WatchParams, str, "Gives back the run id.")


async def test_many_calls_at_once_over_one_connection() -> None:
    waiting = 0
    gate = anyio.Event()

    async def meet(params: WatchParams, call: Call) -> str:
        nonlocal waiting
        waiting += 1
        if waiting == 200:
            gate.set()
        await gate.wait()
        return params.run_id

    answers: dict[str, str] = {}
    async with serving(Handlers({ECHO: meet}, partial=True)) as (path, _):
        async with connect(path, "board", version="1") as client, anyio.create_task_group() as tasks:

            async def ask(name: str) -> None:
                answers[name] = await client.call(ECHO, WatchParams(name))

            for number in range(200):
                tasks.start_soon(ask, f"run {number}")
        assert answers == {name: name for name in answers}
        assert len(answers) == 200


async def test_a_cancelled_call_is_cancelled_at_the_daemon() -> None:
    begun, ended = anyio.Event(), anyio.Event()

    async def endless(params: WatchParams, call: Call) -> None:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    handlers = Handlers({WATCH: endless, PING: lambda params, call: Pong(5)}, partial=True)
    async with serving(handlers) as (path, _), connect(path, "board", version="1") as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call, WATCH, WatchParams("r"))
            await begun.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(20):
            await ended.wait()
        assert (await client.call(PING, Nothing())).pid == 5


async def test_a_stream_left_early_is_cancelled_and_frees_the_connection() -> None:
    sent = 0

    async def endless(params: WatchParams, call: Call) -> None:
        nonlocal sent
        while True:
            await call.event(Notice(attempt=1, text="x" * 10_000))
            sent += 1

    handlers = Handlers({WATCH: endless, PING: lambda params, call: Pong(5)}, partial=True)
    async with serving(handlers) as (path, _), connect(path, "board", version="1") as client:
        async with client.stream(WATCH, WatchParams("r")) as stream:
            assert await stream.__anext__()
            async with connect(path, "board", version="1") as other:
                for _ in range(1000):  # each lets the stream go on if it can
                    await other.call(PING, Nothing())
            assert sent < BACKLOG + 200
        assert (await client.call(PING, Nothing())).pid == 5


async def test_every_call_in_flight_learns_that_the_daemon_is_gone() -> None:
    def script(daemon: Script) -> None:
        daemon.welcome()
        daemon.hear()
        daemon.hear()

    raised: list[str] = []
    with following(script) as path:
        async with connect(path, "board", version="1") as client:

            async def ask() -> None:
                with pytest.raises(FaultError) as error:
                    await client.call(PING, Nothing())
                raised.append(error.value.fault.code)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                tasks.start_soon(ask)
            await ask()
    assert raised == [UNREACHABLE] * 3


async def test_a_cancel_is_sent_once() -> None:
    def script(daemon: Script) -> None:
        daemon.welcome()
        asked = daemon.hear()
        assert daemon.hear() == Cancel(asked.id)
        assert daemon.hear() is None

    with following(script) as path:
        async with connect(path, "board", version="1") as client:
            with anyio.move_on_after(0.01):
                await client.call(PING, Nothing())
