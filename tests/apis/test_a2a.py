"""A2A agents of three generations through the whole engine, against a small server of each."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import psutil
import pytest
from apis.a2a_server import A2aServer
from engine.stage import Stage, ended, until, waits
from modelmuxd.runner import spool
from modelmuxd.store.records import Task

pytestmark = pytest.mark.anyio

VERSIONS = ["draft", "0.3", "1.0"]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def define(stage: Stage, server: A2aServer, token: str = "") -> None:
    profiles = Path(stage.here.profiles)
    profiles.parent.mkdir(parents=True, exist_ok=True)
    profiles.write_text(f'[a2a_agents.far]\nurl = "{server.url}"\ntoken = "{token}"\n')


async def until_asked(server: A2aServer, count: int) -> None:
    with anyio.fail_after(20):
        while len(server.asked) < count:  # noqa: ASYNC110 - its own threads serve it
            await anyio.sleep(0.01)


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("version", VERSIONS)
async def test_an_answer_arrives_once(stage: Stage, version: str, streaming: bool) -> None:
    with A2aServer(version, streaming=streaming) as server:
        define(stage, server)
        async with stage.engine() as engine:
            run = await stage.run(engine, "hello 修", provider="far")
    assert (run.status, run.output, run.session_id) == ("success", "you said: hello 修", "c-1")
    assert (len(server.prompts), run.sandbox_enforced) == (1, "none")
    assert '"pattern": "review"' in server.prompts[0]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_stream_that_breaks_is_followed_by_looking_and_nothing_is_sent_again(
    stage: Stage, version: str
) -> None:
    with A2aServer(version) as server:
        define(stage, server)
        server.go.set()
        async with stage.engine() as engine:
            run = await stage.run(engine, "drop", provider="far")
    assert (run.status, run.output) == ("success", "you said: later")
    assert (len(server.prompts), len(server.asked)) == (1, 2)  # sent, looked


@pytest.mark.parametrize("version", VERSIONS)
async def test_one_that_takes_no_stream_up_again_is_looked_at(stage: Stage, version: str) -> None:
    with A2aServer(version) as server:
        define(stage, server)
        async with stage.engine() as engine:
            task = await stage.accept(engine, "drop", provider="far")
            await until_asked(server, 4)
            server.go.set()
            run = await ended(engine, task)
    assert (run.output, len(server.prompts)) == ("you said: later", 1)
    assert "ubscribe" in server.asked[2]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_question_waits_for_its_answer(stage: Stage, version: str) -> None:
    with A2aServer(version) as server:
        define(stage, server)
        async with stage.engine() as engine:
            task = await stage.accept(engine, "ask", provider="far")
            held = await waits(engine, task, "input")
            assert "which one?" in held.waiting_for
            await engine.runs.answer(task.new.run_id, "the second")
            run = await ended(engine, task)
    assert (run.status, run.output) == ("success", "you said: the second")
    first = json.loads(server.prompts[0])["id"] if version == "draft" else "t-1"
    assert first in server.prompts[1]


async def test_failures_are_named(stage: Stage) -> None:
    with A2aServer("1.0") as server:
        define(stage, server)
        async with stage.engine() as engine:
            failed = await stage.run(engine, "fail", provider="far", deadline=3.0)
    assert failed.error is not None
    assert (failed.error.code, failed.error.message) == ("rate_limit", "too many requests")


async def test_one_that_is_not_there_is_told(stage: Stage) -> None:
    with A2aServer("1.0") as server:
        define(stage, server)
    async with stage.engine() as engine:
        gone = await stage.run(engine, "x", provider="far")
    assert gone.error is not None
    assert gone.error.code == "transient"


async def test_the_token_is_needed_and_shown_nowhere(stage: Stage) -> None:
    with A2aServer("1.0", token="s3cret-token") as server:
        define(stage, server, "s3cret-token")
        async with stage.engine() as engine:
            good = await stage.run(engine, "x", provider="far")
            define(stage, server, "wrong")
            bad = await stage.run(engine, "x", provider="far")
            define(stage, server, "s3cret-token")
            echo = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": "what is s3cret-token?"}}
            server.raw["SendStreamingMessage"] = [(200, json.dumps(echo).encode())]
            echoed = await stage.run(engine, "x", provider="far")
    assert echoed.error is not None
    assert "[redacted]" in echoed.error.message
    assert good.status == "success"
    assert bad.error is not None
    assert bad.error.code == "auth"
    state = [path.read_bytes() for path in Path(stage.here.state).rglob("*") if path.is_file()]
    assert not any(b"s3cret-token" in content for content in state)


async def test_a_cancel_reaches_the_remote_task(stage: Stage) -> None:
    with A2aServer("1.0") as server:
        define(stage, server)
        async with stage.engine() as engine:
            task = await stage.accept(engine, "later", provider="far")
            while not (await engine.runs.find(task.new.run_id)).last_seq or "SendStreamingMessage" not in server.asked:
                await engine.hub.changed().wait()
            while not any(
                event.__class__.__name__ == "SessionStarted"
                for event in [one async for one in engine.runs.watch(task.new.run_id, follow=False)]
            ):
                await engine.hub.changed().wait()
            await engine.runs.cancel(task.new.run_id, "test")
            run = await ended(engine, task)
    assert (run.status, server.asked[-1]) == ("canceled", "CancelTask")


async def test_it_is_followed_on_while_the_daemon_is_away(stage: Stage) -> None:
    with A2aServer("1.0") as server:
        define(stage, server)
        async with stage.engine() as engine:
            task = await stage.accept(engine, "later", provider="far")
            while "SendStreamingMessage" not in server.asked:
                await engine.hub.changed().wait()
        server.go.set()
        async with stage.engine() as engine:
            run = await ended(engine, task)
    assert (run.status, run.output, run.attempts, len(server.prompts)) == ("success", "you said: later", 1, 1)


async def until_named(stage: Stage, task: Task) -> Path:
    """The folder of a run's first attempt, once it says which remote task it has."""
    folder = Path(stage.here.spool, f"{task.new.run_id}-1")
    await until(folder / "out")
    with anyio.fail_after(20):
        while b'"task"' not in (folder / "out").read_bytes():  # noqa: ASYNC110 - another process writes it
            await anyio.sleep(0.01)
    return folder


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("version", VERSIONS)
async def test_one_that_is_lost_with_all_of_ours_is_taken_up_again(stage: Stage, version: str, streaming: bool) -> None:
    """As after a restart of the machine: the guard is gone as well, and only the record knows the remote task."""
    with A2aServer(version, streaming=streaming) as server:
        define(stage, server)
        async with stage.engine() as engine:
            task = await stage.accept(engine, "later", provider="far")
            folder = await until_named(stage, task)
        kill(folder)
        sent = len(server.asked)
        server.go.set()
        async with stage.engine() as engine:
            run = await ended(engine, task)
    assert (run.status, run.output, run.attempts, run.session_id) == ("success", "you said: later", 2, "c-1")
    assert (len(server.prompts), "get" in server.asked[sent].lower()) == (1, True)


@pytest.mark.parametrize("streaming", [True, False])
async def test_our_program_that_is_killed_is_started_again_and_sends_nothing(stage: Stage, streaming: bool) -> None:
    with A2aServer("1.0", streaming=streaming) as server:
        define(stage, server)
        async with stage.engine() as engine:
            task = await stage.accept(engine, "later", provider="far")
            guard = spool.read(await until_named(stage, task)).guard
            assert guard
            for child in psutil.Process(guard.pid).children():
                child.kill()
            server.go.set()
            run = await ended(engine, task)
    assert (run.status, run.output, run.attempts, len(server.prompts)) == ("success", "you said: later", 2, 1)


def kill(folder: Path) -> None:
    """An attempt's guard and all below it."""
    guard = spool.read(folder).guard
    assert guard
    process = psutil.Process(guard.pid)
    below = process.children(recursive=True)
    process.kill()
    for child in below:
        child.kill()
    psutil.wait_procs([process, *below])
