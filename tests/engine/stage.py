"""A whole engine for a test: real store, real runner, real child processes; scripted agents, and a clock by hand."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import anyio
import scripted
from modelmuxd.adapters.base import Adapter
from modelmuxd.app.rooms import Engine
from modelmuxd.engine.clock import Clock, SystemClock
from modelmuxd.life.login_env import LoginEnvironment
from modelmuxd.policy.state import PolicyState
from modelmuxd.runner.agents import Agents
from modelmuxd.store.records import Task
from modelmuxd.store.tasks import open_store
from muxwire.places import Places, places
from muxwire.runs import CallerEnv, DispatchParams, Origin, RunResult
from muxwire.settings import Settings
from muxwire.settings.model import Limits
from muxwire.words import WaitReason


class HandClock:
    """Time stands still until a test moves it."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._moved = anyio.Event()

    def now(self) -> float:
        return self._now

    async def sleep_until(self, due: float) -> None:
        while self._now < due:
            await self._moved.wait()

    async def advance(self, seconds: float) -> None:
        """Move on by so much at once; whoever sleeps wakes, and gets to act before this returns."""
        self._now += seconds
        moved, self._moved = self._moved, anyio.Event()
        moved.set()
        await anyio.wait_all_tasks_blocked()


class Stage:
    """One home; engines come and go in it, as daemons do."""

    def __init__(
        self,
        root: Path,
        *names: str,
        limits: Limits | None = None,
        secrets: tuple[str, ...] = (),
        clock: Clock | None = None,
    ) -> None:
        self.root = root
        self.clock: Clock = clock or SystemClock()
        self.workdir = root / "work"
        self.workdir.mkdir(parents=True)
        self.bin = root / "bin"
        for name in names or ("codex",):
            scripted.install(self.bin, name)
        self.here: Places = places({"MODELMUX_HOME": str(root / "home")})
        for folder in (self.here.state, self.here.spool):
            Path(folder).mkdir(parents=True, mode=0o700)
        self.adapters = {name: scripted.ScriptedAdapter(name, env_names=secrets) for name in names or ("codex",)}
        self.settings = Settings(limits=limits or Limits())
        self.policy = PolicyState("policy.json")

    @property
    def env(self) -> dict[str, str]:
        return {"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.root)}

    @asynccontextmanager
    async def engine(self, login: Mapping[str, str] | None = None) -> AsyncIterator[Engine]:
        """A daemon's engine; leaving the block is its end, and leaves its agents alone."""
        async with (
            open_store(Path(self.here.database)) as store,
            Agents.open(output_limit=self.settings.limits.output_bytes) as runner,
            anyio.create_task_group() as tasks,
        ):
            engine = Engine(
                here=self.here,
                store=store,
                runner=runner,
                settings=self.settings,
                adapters=cast("Mapping[str, Adapter]", self.adapters),
                policy=lambda: self.policy,
                login=LoginEnvironment(login or {}),
                clock=self.clock,
            )
            await engine.start(tasks)
            yield engine
            tasks.cancel_scope.cancel()

    def ask(self, *script: str, **more: object) -> DispatchParams:
        params: dict[str, object] = {"workdir": str(self.workdir), "env": CallerEnv(self.env), "timeout": 30}
        return DispatchParams(task="\n".join(script), **{**params, **more})  # type: ignore[arg-type]

    async def accept(self, engine: Engine, *script: str, secrets: Mapping[str, str] | None = None, **more: Any) -> Task:
        return await self.sent(engine, self.ask(*script, **more), secrets)

    async def sent(self, engine: Engine, params: DispatchParams, secrets: Mapping[str, str] | None = None) -> Task:
        await engine.runs.secret_names(params)
        return await engine.runs.accept(params, Origin(kind="test", principal="0"), secrets or {})

    async def run(
        self, engine: Engine, *script: str, secrets: Mapping[str, str] | None = None, **more: object
    ) -> RunResult:
        task = await self.accept(engine, *script, secrets=secrets, **more)
        return await ended(engine, task)


async def ended(engine: Engine, task: Task) -> RunResult:
    (after,) = await engine.runs.wait([task.new.run_id], 30)
    return await engine.runs.result(after)


async def waits(engine: Engine, task: Task, *reasons: WaitReason) -> Task:
    """As it stands once it waits for one of these."""
    with anyio.fail_after(20):
        while True:
            changed = engine.hub.changed()
            now = await engine.runs.find(task.new.run_id)
            if now.waiting in reasons:
                return now
            assert now.ended_at is None, (now.state, now.fault)
            await changed.wait()


async def until(path: Path) -> None:
    """Wait for a file that an agent makes."""
    with anyio.fail_after(20):
        while not path.exists():  # noqa: ASYNC110 - another process makes it
            await anyio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
