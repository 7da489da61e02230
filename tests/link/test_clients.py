"""Both clients against a real server and against daemons that misbehave: the same answers, the same faults."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from edge_served import serving
from modelmuxd.edge.calls import Call
from modelmuxd.edge.table import Handlers
from muxclients.link import aio, blocking
from muxwire import faults
from muxwire.events import Notice, RunEvent
from muxwire.faults import CONFLICT, Fault, FaultError, refuse
from muxwire.framing import frame
from muxwire.insight import Nothing
from muxwire.methods import PING, Method
from muxwire.protocol import (
    Chunk,
    Event,
    Failed,
    Hello,
    Refused,
    Result,
    Supply,
)
from muxwire.runs import DispatchParams, RunRef, WatchParams
from scripted_daemon import Script, following

pytestmark = pytest.mark.anyio
encode = msgspec.msgpack.encode

ECHO = Method("show", RunRef, str, "Gives back the run id.")
STREAM = Method("watch", WatchParams, str, "Three notices.", event=RunEvent)
NEEDY = Method("dispatch", DispatchParams, dict[str, str], "Gives back what it was supplied.")


class AnyClient:
    """What both clients can do, as one shape for the tests: (events, result)."""

    def __init__(self, ask: Callable[[Method[Any, Any], Any], Any]) -> None:
        self.ask = ask

    async def call(self, method: Method[Any, Any], params: Any) -> Any:
        return (await self.ask(method, params))[1]


@asynccontextmanager
async def through_aio(path: str, **more: Any) -> AsyncIterator[AnyClient]:
    async with aio.connect(path, "probe", version="1", **more) as client:

        async def ask(method: Method[Any, Any], params: Any) -> tuple[list[Any], Any]:
            async with client.stream(method, params) as stream:
                return [event async for event in stream], stream.result

        yield AnyClient(ask)


@asynccontextmanager
async def through_blocking(path: str, **more: Any) -> AsyncIterator[AnyClient]:
    client = await anyio.to_thread.run_sync(lambda: blocking.connect(path, "probe", version="1", **more))

    def talk(method: Method[Any, Any], params: Any) -> tuple[list[Any], Any]:
        stream = client.stream(method, params, timeout=20)
        return list(stream), stream.result

    async def ask(method: Method[Any, Any], params: Any) -> tuple[list[Any], Any]:
        return await anyio.to_thread.run_sync(talk, method, params)

    with client:
        yield AnyClient(ask)


@pytest.fixture(params=[through_blocking, through_aio], ids=["blocking", "aio"])
def through(request: pytest.FixtureRequest) -> Any:
    return request.param


async def three_notices(params: WatchParams, call: Call) -> str:
    for seq in (1, 2, 3):
        await call.event(Notice(attempt=1, seq=seq, text="!"))
    return "done"


async def needy(params: DispatchParams, call: Call) -> dict[str, str]:
    return await call.need(["A", "B"])


def no(params: Any, call: Call) -> None:
    raise refuse(CONFLICT, "Not now.", "Try later.")


HANDLERS = Handlers(
    {ECHO: lambda params, call: params.run_id, STREAM: three_notices, NEEDY: needy, PING: no}, partial=True
)


async def test_a_call_gives_its_result_in_its_type(through: Any) -> None:
    async with serving(HANDLERS) as (path, _), through(path) as client:
        assert await client.call(ECHO, RunRef("abc")) == "abc"


async def test_a_stream_gives_typed_events_and_then_the_result(through: Any) -> None:
    async with serving(HANDLERS) as (path, _), through(path) as client:
        events, result = await client.ask(STREAM, WatchParams("r"))
        assert events == [Notice(attempt=1, seq=seq, text="!") for seq in (1, 2, 3)]
        assert result == "done"


@pytest.mark.parametrize("size", [262_142, 262_143, 262_144, 600_000])
async def test_a_large_result_arrives_whole(through: Any, size: int) -> None:
    text = "".join(map(str, range(size)))[:size]
    async with serving(HANDLERS) as (path, _), through(path) as client:
        assert await client.call(ECHO, RunRef(text)) == text


async def test_a_daemons_fault_is_raised(through: Any) -> None:
    async with serving(HANDLERS) as (path, _), through(path) as client:
        with pytest.raises(FaultError) as raised:
            await client.call(PING, Nothing())
        assert raised.value.fault == Fault(CONFLICT, "Not now.", "Try later.")
        assert await client.call(ECHO, RunRef("still there")) == "still there"


async def test_a_need_is_answered_by_the_supplier(through: Any) -> None:
    asked: list[Any] = []

    def supply(names: Any) -> dict[str, str]:
        asked.append(tuple(names))
        return {"A": "a", "PUSHED": "p"}

    async with serving(HANDLERS) as (path, _), through(path, supplier=supply) as client:
        assert await client.call(NEEDY, DispatchParams("x")) == {"A": "a"}
        assert asked == [("A", "B")]


async def test_a_need_without_a_supplier_is_answered_empty(through: Any) -> None:
    async with serving(HANDLERS) as (path, _), through(path) as client:
        assert await client.call(NEEDY, DispatchParams("x")) == {}


async def test_no_daemon_is_unreachable(through: Any, tmp_path: Path) -> None:
    with pytest.raises(FaultError) as raised:
        async with through(str(tmp_path / "none")):
            pass
    assert raised.value.fault.code == faults.UNREACHABLE
    assert "muxctl daemon start" in raised.value.fault.hint


def hang_up_at_once(daemon: Script) -> None: ...


def hang_up_after_the_hello(daemon: Script) -> None:
    daemon.welcome()


def hang_up_in_a_call(daemon: Script) -> None:
    daemon.welcome()
    daemon.hear()
    daemon.say(Event(1, msgspec.Raw(encode(Notice(attempt=1, text="")))), Chunk(1, b"half of "))


def refuse_the_hello(daemon: Script) -> None:
    assert isinstance(daemon.hear(), Hello)
    daemon.say(Refused(Fault(faults.PROTOCOL, "Too old.", "Update.")))


def answer_with_junk(daemon: Script) -> None:
    daemon.welcome()
    daemon.hear()
    daemon.sock.sendall(frame(b"\xc1junk"))
    daemon.hear()


def answer_with_a_broken_frame(daemon: Script) -> None:
    daemon.welcome()
    daemon.hear()
    daemon.sock.sendall(bytes(4))
    daemon.hear()


def answer_in_another_type(daemon: Script) -> None:
    daemon.welcome()
    daemon.hear()
    daemon.say(Result(1, msgspec.Raw(encode({"not": "a string"}))))
    daemon.hear()


def stream_another_type(daemon: Script) -> None:
    daemon.welcome()
    daemon.hear()
    daemon.say(Event(1, msgspec.Raw(encode("no event"))), Result(1, msgspec.Raw(encode("done"))))
    daemon.hear()


def complain_of_no_call(daemon: Script) -> None:
    daemon.welcome()
    daemon.hear()
    daemon.say(Failed(0, Fault(faults.PROTOCOL, "Unreadable.", "Update.")))
    daemon.hear()


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (hang_up_at_once, faults.UNREACHABLE),
        (hang_up_after_the_hello, faults.UNREACHABLE),
        (hang_up_in_a_call, faults.UNREACHABLE),
        (refuse_the_hello, faults.PROTOCOL),
        (answer_with_junk, faults.PROTOCOL),
        (answer_with_a_broken_frame, faults.PROTOCOL),
        (answer_in_another_type, faults.PROTOCOL),
        (stream_another_type, faults.PROTOCOL),
        (complain_of_no_call, faults.PROTOCOL),
    ],
)
async def test_a_daemon_that_misbehaves_is_a_fault_with_a_next_step(through: Any, script: Any, code: str) -> None:
    with following(script) as path:
        with pytest.raises(FaultError) as raised:
            async with through(path) as client:
                await client.call(STREAM, WatchParams("r"))
        assert raised.value.fault.code == code
        assert raised.value.fault.hint


async def test_answers_to_calls_given_up_are_dropped(through: Any) -> None:
    def script(daemon: Script) -> None:
        daemon.welcome()
        asked = daemon.hear()
        daemon.say(*(Result(id, msgspec.Raw(encode(f"answer {id}"))) for id in (77, asked.id)))
        daemon.hear()

    with following(script) as path:
        async with through(path) as client:
            assert await client.call(ECHO, RunRef("r")) == "answer 1"


async def test_a_supply_goes_to_the_call_that_asked(through: Any) -> None:
    def script(daemon: Script) -> None:
        from muxwire.protocol import Need

        daemon.welcome()
        asked = daemon.hear()
        daemon.say(Need(asked.id, ("A",)))
        assert daemon.hear() == Supply(asked.id, {"A": "a"})
        daemon.say(Result(asked.id, msgspec.Raw(encode({}))))
        daemon.hear()

    with following(script) as path:
        async with through(path, supplier=lambda names: {"A": "a"}) as client:
            assert await client.call(NEEDY, DispatchParams("x")) == {}
