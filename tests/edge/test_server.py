"""One server, well-meaning clients: calls, streams, faults, renderings, needs, large answers."""

from __future__ import annotations

import os

import anyio
import pytest
from edge_served import serving
from modelmuxd.edge.calls import Call
from modelmuxd.edge.table import Handlers
from muxclients.link.blocking import connect
from muxwire.insight import Nothing, Pong
from muxwire.methods import PING

pytestmark = pytest.mark.anyio


def pong(params: Nothing, call: Call) -> Pong:
    return Pong(os.getpid())


async def test_ping_from_the_blocking_client() -> None:
    async with serving(Handlers({PING: pong}, partial=True)) as (path, _):

        def ask() -> tuple[Pong, Pong]:
            with connect(path, "probe", version="1") as client:
                return client.call(PING, Nothing()), client.call(PING, Nothing(), timeout=10)

        assert await anyio.to_thread.run_sync(ask) == (Pong(os.getpid()), Pong(os.getpid()))
