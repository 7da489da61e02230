"""RPC round trip (`ping`) against a bare asyncio unix-socket echo of the same bytes. Target: p50 at most 3 times.

    uv run python tests/bench ping

Servers run in processes of their own. Rounds of either side are interleaved, so that load on the machine hits both.
Where the kernel wakes a server, on the client's processor or on another, changes a round trip by more than all our
work does, and it need not choose alike for both sides. So they are measured in the same places: all on one processor,
and the client on one with the servers on another; and, for what it is worth, wherever the kernel likes.
Two echoes: over asyncio streams, which is what one writes first, and over a bare asyncio.Protocol, the floor.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import msgspec
from modelmuxd.edge.calls import Call
from modelmuxd.edge.server import Server
from modelmuxd.edge.table import Handlers
from muxclients.link import aio, blocking
from muxwire import protocol
from muxwire.framing import frame
from muxwire.insight import Nothing, Pong
from muxwire.methods import PING

BATCH = 200
ROUNDS = 10
BYTES = frame(msgspec.msgpack.encode(protocol.Call(1000, "ping", msgspec.Raw(b"\x80"))))


def plain(params: Nothing, call: Call) -> Pong:
    return Pong(os.getpid())


async def awaited(params: Nothing, call: Call) -> Pong:
    return Pong(os.getpid())


async def serve(path: str, handler: Callable[..., Any]) -> None:
    async with await anyio.create_unix_listener(path) as listener:
        await Server(Handlers({PING: handler}, partial=True), version="bench").serve(listener)


async def echo_streams(path: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async with await asyncio.start_unix_server(answer, path) as server:
        await server.serve_forever()


class Echo(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def echo_protocol(path: str) -> None:
    async with await asyncio.get_running_loop().create_unix_server(Echo, path) as server:
        await server.serve_forever()


def process(main: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> int:
    """A server in a process of its own; its pid."""
    child = multiprocessing.Process(target=lambda: asyncio.run(main(*args)), daemon=True)
    child.start()
    while not Path(args[0]).exists():
        time.sleep(0.01)
    assert child.pid
    return child.pid


def blocking_echo(path: str) -> Callable[[], object]:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)

    def once() -> None:
        sock.sendall(BYTES)
        assert len(sock.recv(65536)) == len(BYTES)

    return once


def blocking_ping(path: str) -> Callable[[], object]:
    client = blocking.connect(path, "probe", version="bench")
    return lambda: client.call(PING, Nothing())


async def async_echo(path: str) -> Callable[[], Awaitable[object]]:
    reader, writer = await asyncio.open_unix_connection(path)

    async def once() -> None:
        writer.write(BYTES)
        await writer.drain()
        await reader.readexactly(len(BYTES))

    return once


def timed(once: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(BATCH):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return times


async def timed_async(once: Callable[[], Awaitable[object]]) -> list[float]:
    times = []
    for _ in range(BATCH):
        start = time.perf_counter()
        await once()
        times.append(time.perf_counter() - start)
    return times


def report(title: str, samples: dict[str, list[float]]) -> None:
    floor = statistics.median(samples["echo, asyncio streams"])
    print(title)
    for name, times in samples.items():
        p50 = statistics.median(times)
        p99 = statistics.quantiles(times, n=100)[98]
        print(f"  {name:28} p50 {p50 * 1e6:7.1f} µs  p99 {p99 * 1e6:7.1f} µs  {p50 / floor:5.2f}x")


def main() -> None:
    ours = sorted(os.sched_getaffinity(0))
    first, last = {ours[0]}, {ours[-1]}
    places = {
        "one processor": (last, last),
        "two processors": (last, first),
        "as the kernel likes": (set(ours), set(ours)),
    }
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: f"{folder}/{name}" for name in ("streams", "protocol", "plain", "awaited")}
        servers = [
            process(echo_streams, paths["streams"]),
            process(echo_protocol, paths["protocol"]),
            process(serve, paths["plain"], plain),
            process(serve, paths["awaited"], awaited),
        ]
        for place, (client, server) in places.items():
            os.sched_setaffinity(0, client)
            for pid in servers:
                os.sched_setaffinity(pid, server)
            measure_blocking(f"blocking client, {place}", paths)
            anyio.run(measure_async, f"async client, {place}", paths)


def measure_blocking(title: str, paths: dict[str, str]) -> None:
    sides = {
        "echo, asyncio streams": blocking_echo(paths["streams"]),
        "echo, asyncio.Protocol": blocking_echo(paths["protocol"]),
        "ping, plain handler": blocking_ping(paths["plain"]),
        "ping, async handler": blocking_ping(paths["awaited"]),
    }
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, once in sides.items():
            samples[name] += timed(once)
    report(title, samples)


async def measure_async(title: str, paths: dict[str, str]) -> None:
    async with (
        aio.connect(paths["plain"], "probe", version="bench") as first,
        aio.connect(paths["awaited"], "probe", version="bench") as second,
    ):
        sides = {
            "echo, asyncio streams": await async_echo(paths["streams"]),
            "echo, asyncio.Protocol": await async_echo(paths["protocol"]),
            "ping, plain handler": lambda: first.call(PING, Nothing()),
            "ping, async handler": lambda: second.call(PING, Nothing()),
        }
        samples: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, once in sides.items():
                samples[name] += await timed_async(once)
    report(title, samples)


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
