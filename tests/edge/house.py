"""A whole engine behind a real socket at its usual place, with real agents, for the real `muxctl`."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from cli_stage import script
from engine.stage import Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.edge import handlers
from modelmuxd.edge.render import renderers
from modelmuxd.edge.server import Server
from modelmuxd.edge.table import Handlers
from modelmuxd.store.records import Task
from muxwire.methods import ANSWER, ATTACH, DISPATCH, RETRY, WAIT, WATCH
from muxwire.version import VERSION


class House(Stage):
    """A stage whose engine is served at its usual place."""

    @asynccontextmanager
    async def served(self) -> AsyncIterator[tuple[Engine, Server]]:
        Path(self.here.runtime).mkdir(mode=0o700, parents=True, exist_ok=True)
        async with self.engine() as engine, anyio.create_task_group() as tasks:
            dispatch, runs = (
                handlers.Dispatch(engine.runs, engine.composites, engine.callers),
                handlers.Runs(engine.runs),
            )
            table = Handlers(
                {
                    DISPATCH: dispatch,
                    RETRY: dispatch.retry,
                    ATTACH: runs.attach,
                    ANSWER: runs.answer,
                    WAIT: runs.wait,
                    WATCH: runs.watch,
                },
                partial=True,
            )
            server = Server(table, version=VERSION, renderers=renderers)
            async with await anyio.create_unix_listener(self.here.socket) as listener:
                await tasks.start(partial(server.serve, listener))
                yield engine, server
                tasks.cancel_scope.cancel()

    def muxctl(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        env = {**self.env, "MODELMUX_HOME": str(self.root / "home"), "LANG": "C.UTF-8", **more}
        pipe = subprocess.PIPE
        return subprocess.Popen([script(), *words], cwd=self.workdir, env=env, stdout=pipe, stderr=pipe, stdin=pipe)

    def asked(self, *steps: str, **more: Any) -> dict[str, Any]:
        """A dispatch as a program sends it."""
        here = {"workdir": str(self.workdir), "env": {"values": self.env}, "timeout": 30}
        return {"task": "\n".join(steps), **here, **more}


async def only(engine: Engine) -> Task:
    """The one run that is under way, once there is one."""
    with anyio.fail_after(20):
        while True:
            changed = engine.hub.changed()
            if tasks := await engine.runs.unfinished():
                (task,) = tasks
                return task
            await changed.wait()


async def over(program: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, errors = await anyio.to_thread.run_sync(partial(program.communicate, timeout=20))
    return program.returncode, out, errors
