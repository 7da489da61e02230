"""A whole machine with a daemon and an agent `sh`, whose task is a shell script; IDEs of the SDK, and raw ones."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import Implementation
from muxclients.demo.stage import Stage

CEILING = 30.0
SHIM = str(Path(sys.executable).parent / "modelmux")
SETTINGS = """
[providers.sh]
command = "sh"
args = ["-c", "{task}"]

[providers.sh2]
command = "sh"
args = ["-c", "{task}"]
"""


class World(Stage):
    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        profiles = Path(folder, "mux/config/profiles.toml")
        profiles.parent.mkdir(parents=True)
        profiles.write_text(SETTINGS)

    @asynccontextmanager
    async def ide(self, name: str = "test", **more: str) -> AsyncIterator[ClientSession]:
        """A session of the SDK's client with a shim of its own."""
        server = StdioServerParameters(command=SHIM, args=[], env={**self.env, **more}, cwd=self.project)
        info = Implementation(name=name, version="1")
        async with stdio_client(server) as (read, write), ClientSession(read, write, client_info=info) as session:
            await session.initialize()
            yield session

    @contextmanager
    def pipe(self, name: str = "test") -> Iterator[Pipe]:
        """A shim, fed by hand, its handshake done."""
        with self.bare() as pipe:
            pipe.ask(0, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=info(name))
            assert pipe.answer(0)["serverInfo"]["name"] == "modelmux"
            pipe.say(method="notifications/initialized")
            yield pipe

    @contextmanager
    def bare(self, **env: str) -> Iterator[Pipe]:
        pipe, env = subprocess.PIPE, {**self.env, **env}
        started = subprocess.Popen([SHIM], env=env, cwd=self.project, stdin=pipe, stdout=pipe, stderr=pipe)
        with started as process:
            ends = Pipe(process)
            try:
                yield ends
            finally:
                process.kill()
                ends.ear.join()

    def daemon(self) -> psutil.Process:
        """The one that runs in here."""
        found: list[psutil.Process] = []

        def alone() -> bool:
            found[:] = [one for one in self._survivors() if "modelmuxd" in command(one)]
            return len(found) == 1

        until(alone)
        return found[0]


class Pipe:
    """Lines to and from a shim."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.others: list[dict[str, Any]] = []
        """Notifications that have come."""
        self._answers: dict[Any, dict[str, Any]] = {}
        self._lines: queue.Queue[bytes] = queue.Queue()
        self.ear = threading.Thread(target=self._listen, daemon=True)
        self.ear.start()

    def say(self, **message: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def write(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def ask(self, id: int | str, method: str, **params: Any) -> None:
        self.say(id=id, method=method, params=params)

    def call(self, id: int | str, tool: str, meta: dict[str, Any] | None = None, **arguments: Any) -> None:
        more = {"_meta": meta} if meta else {}
        self.ask(id, "tools/call", name=tool, arguments=arguments, **more)

    def answer(self, id: int | str | None) -> dict[str, Any]:
        """The result, or the error, of a request."""
        while id not in self._answers:
            self.hear()
        message = self._answers.pop(id)
        result: dict[str, Any] = message["result"] if "result" in message else message["error"]
        return result

    def hear(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(self._lines.get(timeout=CEILING))
        if "method" in message:
            self.others.append(message)
        else:
            assert message["id"] not in self._answers, "answered twice"
            self._answers[message["id"]] = message
        return message

    def leave(self) -> int:
        """EOF; the exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(CEILING)

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)


def command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def info(name: str = "test") -> dict[str, str]:
    return {"name": name, "version": "1"}


def until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + CEILING
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
