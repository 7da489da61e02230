"""A daemon that ends, however, and the next one: nothing acknowledged is lost, nothing runs twice."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
import scripted
from engine.stage import Stage, ended, until, waits
from modelmuxd.app.rooms import Engine
from modelmuxd.engine.retry import STARTS
from modelmuxd.store.records import Task
from modelmuxd.store.tasks import open_store
from muxwire import events as wire
from muxwire.runs import Origin
from muxwire.settings import Settings
from muxwire.settings.model import Limits
from store.builders import a_claim

pytestmark = pytest.mark.anyio


async def test_an_agent_that_runs_on_is_adopted_and_its_answer_arrives(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    go, started = tmp_path / "go", tmp_path / "started"
    async with stage.engine() as engine:
        task = await stage.accept(engine, "session s", "say before ", f"touch {started}", f"until {go}", "say after")
        await until(started)
    go.touch()
    async with stage.engine() as engine:
        result = await ended(engine, task)
        seen = [event async for event in engine.runs.watch(task.new.run_id)]
    assert (result.status, result.output, result.attempts) == ("success", "before after", 1)
    assert "".join(event.text for event in seen if isinstance(event, wire.Text)) == "before after"
    assert sum(isinstance(event, wire.SessionStarted) for event in seen) == 1
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1))


async def test_an_agent_that_ended_meanwhile_is_collected(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    go, started = tmp_path / "go", tmp_path / "started"
    async with stage.engine() as engine:
        task = await stage.accept(engine, f"touch {started}", f"until {go}", "say done")
        await until(started)
    go.touch()
    (folder,) = Path(stage.here.spool).iterdir()
    with_status = folder / "rc"
    while not with_status.read_bytes().strip():
        await until(with_status)
    async with stage.engine() as engine:
        result = await ended(engine, task)
    assert (result.status, result.output) == ("success", "done")


async def test_what_was_queued_runs_under_the_next_daemon(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(running=1, per_provider=1))
    go = tmp_path / "go"
    async with stage.engine() as engine:
        first = await stage.accept(engine, f"until {go}", "say one")
        second = await stage.accept(engine, "say two")
    go.touch()
    async with stage.engine() as engine:
        assert (await ended(engine, first)).output == "one"
        assert (await ended(engine, second)).output == "two"


async def test_a_cancel_that_the_daemon_did_not_live_to_do_is_done_by_the_next(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    started = tmp_path / "started"
    async with stage.engine() as engine:
        task = await stage.accept(engine, f"touch {started}", "sleep 60")
        await until(started)
        await engine.dispatcher._store.request_cancel(task.new.run_id, "test", 0.0)
    async with stage.engine() as engine:
        assert (await ended(engine, task)).status == "canceled"


@pytest.mark.parametrize(("sandbox", "status"), [("write", "lost"), ("read-only", "success")])
async def test_an_agent_that_vanished_is_lost_and_repeated_only_when_that_is_safe(
    tmp_path: Path, sandbox: str, status: str
) -> None:
    stage = Stage(tmp_path)
    started, again = tmp_path / "started", tmp_path / "again"
    scripted.install(stage.bin, "codex", f"if os.path.exists({str(again)!r}): emit('done', True); sys.exit(0)")
    async with stage.engine() as engine:
        task = await stage.accept(engine, f"touch {started}", "sleep 60", provider="codex", sandbox=sandbox)
        await until(started)
    again.touch()
    kill_guard_and_agent(Path(stage.here.spool))
    async with stage.engine() as engine:
        result = await ended(engine, task)
    assert result.status == status
    assert result.attempts == (1 if status == "lost" else 2)


@pytest.mark.parametrize(("times", "status"), [(4, "success"), (STARTS, "error")])
async def test_one_that_was_never_started_starts_again_and_again_but_not_for_ever(
    tmp_path: Path, times: int, status: str
) -> None:
    """It may write, has one attempt and no failover: nothing was run, so none of that counts."""
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        engine.scheduler.drain()
        params = stage.ask("say done", provider="codex", sandbox="write", max_retries=1)
        task = await engine.runs.accept(params, Origin(kind="test", principal="0"), {})
    for number in range(1, times + 1):
        async with open_store(Path(stage.here.database)) as store:  # a daemon that ends between claim and start
            claim = a_claim(run_id=task.new.run_id, account="codex", folder=f"{task.new.run_id}-{number}")
            assert (await store.claim(claim, stage.clock.now())).attempt
        async with stage.engine() as engine:
            if number < times:
                engine.scheduler.drain()
                await attempts_over(engine, task)
                continue
            result = await ended(engine, task)
    assert (result.status, result.output) == (status, "done" if status == "success" else "")
    if status == "error":
        assert result.error is not None
        assert (result.error.code, result.attempts) == ("unstarted", times)


async def attempts_over(engine: Engine, task: Task) -> None:
    with anyio.fail_after(20):
        while True:
            changed = engine.hub.changed()
            if all(
                one.ended_at for one in (await engine.runs.detail(await engine.runs.find(task.new.run_id))).attempts
            ):
                return
            await changed.wait()


def kill_guard_and_agent(spool: Path) -> None:
    """As the machine does when memory runs out: nobody is left to write a status."""
    import os
    import signal

    (folder,) = spool.iterdir()
    marker = b"MODELMUX_ATTEMPT="
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker + folder.name.encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    pid = int((folder / "who").read_bytes().split()[0])
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


async def test_secrets_of_an_earlier_daemon_come_from_the_next_client(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=Limits(running=1, per_provider=1), secrets=("ITS_KEY",))
    go = tmp_path / "go"
    async with stage.engine() as engine:
        first = await stage.accept(engine, f"until {go}", secrets={"ITS_KEY": "v"})
        second = await stage.accept(engine, "env ITS_KEY", secrets={"ITS_KEY": "v"})
    go.touch()
    async with stage.engine() as engine:
        await ended(engine, first)
        async for event in engine.runs.watch(second.new.run_id):
            if isinstance(event, wire.StateChanged) and event.reason == "environment":
                await stage.run(engine, "say hello", secrets={"ITS_KEY": "w"})
        assert (await ended(engine, second)).output == "w"


async def test_an_agent_gives_its_keys_to_no_run_but_those_it_asks_for(tmp_path: Path) -> None:
    """Or it could have the user's work done under a key of its own choice."""
    stage = Stage(tmp_path, limits=Limits(running=1, per_provider=1), secrets=("ITS_KEY",))
    go, started = tmp_path / "go", tmp_path / "started"
    async with stage.engine() as engine:
        above = await stage.accept(engine, f"touch {started}", f"until {go}", secrets={"ITS_KEY": "user's"})
        await until(started)
        queued = await stage.accept(engine, "env ITS_KEY", secrets={"ITS_KEY": "user's"})
    stage.settings = Settings(limits=Limits(running=4, per_provider=4))
    async with stage.engine() as engine:
        await waits(engine, queued, "environment")
        origin = Origin(kind="test", principal="0", parent=above.new.run_id)
        asked = await engine.runs.accept(stage.ask("env ITS_KEY"), origin, {"ITS_KEY": "agent's"})
        assert (await ended(engine, asked)).output == "agent's"
        await waits(engine, queued, "environment")
        await stage.run(engine, "say x", secrets={"ITS_KEY": "user's"})
        assert (await ended(engine, queued)).output == "user's"
        go.touch()
        await ended(engine, above)
