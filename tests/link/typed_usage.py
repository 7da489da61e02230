"""Not run: what a type checker must see through the clients; `mypy` on this file fails when it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from muxclients.link import aio, blocking
from muxwire.insight import Nothing, Pong
from muxwire.methods import PING, WAIT, WATCH
from muxwire.runs import RunResult, WaitParams, WaitResult, WatchParams

if TYPE_CHECKING:
    from typing_extensions import assert_type

    def blocking_client(client: blocking.Client) -> None:
        assert_type(client.call(PING, Nothing()), Pong)
        assert_type(client.call(WAIT, WaitParams(("r",))), WaitResult)
        assert_type(client.stream(WATCH, WatchParams("r")).result, RunResult)
        client.call(PING, WaitParams(("r",)))  # type: ignore[misc]

    async def async_client(client: aio.Client) -> None:
        assert_type(await client.call(PING, Nothing()), Pong)
        async with client.stream(WATCH, WatchParams("r")) as stream:
            assert_type(stream.result, RunResult)
        await client.call(PING, WaitParams(("r",)))  # type: ignore[misc]
