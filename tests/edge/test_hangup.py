"""What becomes of a run when whoever follows it is gone: a real engine behind a real socket, real agents, and the real
`muxctl` ended in every way there is."""

from __future__ import annotations

import signal
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest
from edge.house import House, only, over
from edge_served import Raw
from engine.stage import ended, until
from modelmuxd.edge.server import Server
from muxwire.protocol import Cancel, Event

pytestmark = pytest.mark.anyio


@pytest.fixture
def house() -> Any:
    with tempfile.TemporaryDirectory(prefix="mux") as folder:  # pytest's own paths can be too long for a socket
        yield House(Path(folder))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
async def test_however_the_client_ends_its_run_is_canceled_where_it_asked_for_that(house: House, number: int) -> None:
    begun, never = house.root / "begun", house.root / "never"
    async with house.served() as (engine, _):
        program = house.muxctl("dispatch", "--cancel-on-interrupt", f"touch {begun}\nuntil {never}")
        await until(begun)
        task = await only(engine)
        program.send_signal(number)
        result = await ended(engine, task)
        code, _, _ = await over(program)
        detail = await engine.runs.detail(await engine.runs.find(task.new.run_id))
    assert result.status == "canceled"
    assert code == (130 if number == signal.SIGINT else -number)
    assert "Canceled by the hang-up of its cli." in [one.text for one in detail.decisions]


async def test_a_retry_ends_with_its_caller_as_well(house: House) -> None:
    begun, go, never = house.root / "begun", house.root / "go", house.root / "never"
    async with house.served() as (engine, _):
        first = await house.accept(engine, f"touch {begun}", f"until {go}", "exit 1", provider="codex")
        await until(begun)
        await engine.runs.cancel(first.new.run_id, "test")
        await ended(engine, first)
        begun.unlink()
        program = house.muxctl("retry", first.new.run_id, "--cancel-on-interrupt")
        await until(begun)
        again = await only(engine)
        program.kill()
        assert (await ended(engine, again)).status == "canceled"
        await over(program)
    assert not never.exists()


async def test_otherwise_the_run_goes_on(house: House) -> None:
    begun, go = house.root / "begun", house.root / "go"
    async with house.served() as (engine, server):
        program = house.muxctl("dispatch", f"touch {begun}\nuntil {go}\nsay done")
        await until(begun)
        task = await only(engine)
        program.kill()
        await over(program)
        await gone(server)
        go.touch()
        assert (await ended(engine, task)).output == "done"


async def gone(server: Server) -> None:
    """Until the daemon has noticed that nobody is there any more."""
    with anyio.fail_after(20):
        while server.connections:  # noqa: ASYNC110 - nobody tells
            await anyio.sleep(0.01)


async def test_a_program_that_drops_the_call_has_left_it(house: House) -> None:
    begun, never = house.root / "begun", house.root / "never"
    async with house.served() as (engine, _), Raw.to(house.here.socket) as client:
        await client.call(1, "dispatch", house.asked(f"touch {begun}", f"until {never}", cancel_on_hangup=True))
        await until(begun)
        task = await only(engine)
        await client.say(Cancel(1))
        assert (await ended(engine, task)).status == "canceled"


async def test_a_half_closed_client_is_still_there(house: House) -> None:
    begun, go = house.root / "begun", house.root / "go"
    async with house.served() as (engine, _), Raw.to(house.here.socket) as client:
        steps = (f"touch {begun}", f"until {go}", "say done")
        await client.call(1, "dispatch", house.asked(*steps, cancel_on_hangup=True))
        await client.half_close()
        await until(begun)
        task = await only(engine)
        go.touch()
        while isinstance(await client.hear(), Event):
            pass
        assert (await ended(engine, task)).output == "done"


async def test_the_daemons_own_end_cancels_nothing(house: House) -> None:
    begun, go = house.root / "begun", house.root / "go"
    async with AsyncExitStack() as later, house.served() as (engine, server):
        client = await later.enter_async_context(Raw.to(house.here.socket))
        steps = (f"touch {begun}", f"until {go}", "say done")
        await client.call(1, "dispatch", house.asked(*steps, cancel_on_hangup=True))
        await until(begun)
        task = await only(engine)
        server.drain()
    async with house.served() as (engine, _):
        go.touch()
        assert (await ended(engine, task)).output == "done"


async def test_after_its_wait_a_run_goes_on(house: House) -> None:
    """The call has been answered: nothing is left to hang up on."""
    begun, go = house.root / "begun", house.root / "go"
    async with house.served() as (engine, server):
        words = ("--cancel-on-interrupt", "--wait", "0", f"touch {begun}\nuntil {go}\nsay done")
        code, _, _ = await over(house.muxctl("dispatch", *words))
        await gone(server)
        task = await only(engine)
        go.touch()
        assert (await ended(engine, task)).output == "done"
    assert code == 0


async def test_in_the_background_there_is_nobody_to_hang_up(house: House) -> None:
    async with house.served() as (engine, _):
        code, out, errors = await over(house.muxctl("dispatch", "--background", "--cancel-on-interrupt", "say x"))
        assert await engine.runs.unfinished() == []
    assert (code, out) == (2, b"")
    assert b"Leave out --background or --cancel-on-interrupt." in errors


@pytest.mark.parametrize("verb", ["dispatch", "retry"])
async def test_in_a_pipe_the_background_gives_the_whole_id_and_nothing_else(house: House, verb: str) -> None:
    async with house.served() as (engine, _):
        first = await house.accept(engine, "say x")
        await ended(engine, first)
        word = "say x" if verb == "dispatch" else first.new.run_id
        code, out, errors = await over(house.muxctl(verb, "--background", word))
        task = await engine.runs.find(out.decode().strip())
        assert (await ended(engine, task)).output == "x"
    assert (code, out.decode(), errors) == (0, f"{task.new.run_id}\n", b"")
    assert task.new.run_id != first.new.run_id
