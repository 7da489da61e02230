"""Ends of runs are told to a webhook and to a command: once, signed, redacted, whatever happens meanwhile."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import anyio
import pytest
from engine.stage import HandClock, Stage, until
from modelmuxd.app.rooms import Engine
from modelmuxd.engine.notices import DELAYS, PAUSE
from modelmuxd.store.records import Task

pytestmark = pytest.mark.anyio


class Ear:
    """A server that notes what it is told, and answers with the statuses that it was given, 200 from then on."""

    def __init__(self, *statuses: int) -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self._statuses = list(statuses)
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                ear.told.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(ear._statuses.pop(0) if ear._statuses else 200)
                self.send_header("location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@contextmanager
def ear(*statuses: int) -> Iterator[Ear]:
    one = Ear(*statuses)
    thread = Thread(target=one.server.serve_forever)
    thread.start()
    try:
        yield one
    finally:
        one.server.shutdown()
        thread.join()
        one.server.server_close()


def configure(stage: Stage, **words: Any) -> None:
    path = Path(stage.here.profiles)
    path.parent.mkdir(parents=True, exist_ok=True)
    said = "".join(f"{name} = {json.dumps(value)}\n" for name, value in words.items())
    path.write_text(f"[notifications]\n{said}")


async def settled(engine: Engine, stage: Stage) -> None:
    """Until nobody is owed anything; a clock by hand runs on meanwhile."""
    with anyio.fail_after(30):
        while await engine.notices._store.notices(1):
            if isinstance(stage.clock, HandClock):
                await stage.clock.advance(PAUSE)
            await anyio.sleep(0.02)  # another process tells it


async def why(engine: Engine, task: Task) -> list[str]:
    return [one.text for _, one in await engine.notices._store.decisions(task.new.run_id) if one.kind == "notice"]


async def test_a_webhook_gets_it_signed_and_redacted(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with ear() as listener:
        configure(stage, webhook_url=listener.url, webhook_secret="whsec_" + base64.b64encode(b"key").decode())
        async with stage.engine() as engine:
            result = await stage.run(engine, "say done with sk-abcdefghijklmnopqrstuv")
            await settled(engine, stage)
    ((headers, body),) = listener.told
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.new(b"key", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{right}"
    facts = json.loads(body)
    assert facts.items() >= {"event": "modelmux.test.success", "provider": "codex", "run_id": result.run_id}.items()
    assert facts["summary"].startswith("done with sk-")
    assert b"abcdefghijklmnopqrstuv" not in body


async def test_it_is_tried_again_with_the_same_id_and_by_the_next_daemon(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, clock=clock)
    with ear(500, 302, 200) as listener:
        configure(stage, webhook_url=listener.url)
        async with stage.engine() as engine:
            await stage.run(engine, "say x")
            await _heard(listener, 1, clock, 0.0)
        async with stage.engine() as engine:
            await _heard(listener, 2, clock, DELAYS[0])
            await _heard(listener, 3, clock, DELAYS[1])
            await settled(engine, stage)
    assert len({headers["webhook-id"] for headers, _ in listener.told}) == 1
    assert [headers["webhook-timestamp"] for headers, _ in listener.told] == sorted(
        headers["webhook-timestamp"] for headers, _ in listener.told
    )


async def _heard(listener: Ear, times: int, clock: HandClock, seconds: float) -> None:
    with anyio.fail_after(30):
        while len(listener.told) < times:
            await clock.advance(max(seconds, PAUSE))
            await anyio.sleep(0.05)  # another process tells it


async def test_it_is_given_up_and_the_run_says_so(tmp_path: Path) -> None:
    clock = HandClock()
    stage = Stage(tmp_path, clock=clock)
    configure(stage, webhook_url="http://127.0.0.1:1/nobody")
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say x")
        await engine.runs.wait([task.new.run_id], 30)
        with anyio.fail_after(30):
            while await engine.notices._store.notices(1):
                await clock.advance(DELAYS[-1])
                await anyio.sleep(0.05)
        assert await why(engine, task) == ["the webhook was not told: ConnectError (tries: 6)"]


async def test_only_the_states_that_are_asked_for(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    with ear() as listener:
        configure(stage, webhook_url=listener.url, events=["error"])
        async with stage.engine() as engine:
            await stage.run(engine, "say x")
            await stage.run(engine, "fault auth")
            await settled(engine, stage)
    (facts,) = [json.loads(body) for _, body in listener.told]
    assert facts["status"] == "error"


@pytest.mark.parametrize(
    ("shape", "where"),
    [("slack", ("blocks", 1, "text", "text")), ("discord", ("embeds", 0, "description"))],
)
async def test_shapes(tmp_path: Path, shape: str, where: tuple[str | int, ...]) -> None:
    stage = Stage(tmp_path)
    with ear() as listener:
        configure(stage, webhook_url=listener.url, format=shape)
        async with stage.engine() as engine:
            await stage.run(engine, "say @everyone hello")
            await settled(engine, stage)
    found = json.loads(listener.told[0][1])
    for step in where:
        found = found[step]
    assert found == "@everyone hello"


async def test_a_command_learns_it_on_stdin_and_without_keys(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    script = tmp_path / "hook"
    script.write_text(f"#!/bin/sh\ncat >{tmp_path}/facts\nenv >{tmp_path}/env\nmv {tmp_path}/facts {tmp_path}/told\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    configure(stage, on_finish=[str(script)])
    async with stage.engine(login={"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "OPENAI_API_KEY": "no"}) as engine:
        result = await stage.run(engine, "say x")
        await until(tmp_path / "told")
        await settled(engine, stage)
    assert json.loads((tmp_path / "told").read_text())["run_id"] == result.run_id
    env = (tmp_path / "env").read_text()
    assert f"MODELMUX_RUN_ID={result.run_id}\n" in env
    assert "OPENAI_API_KEY" not in env


async def test_a_command_that_fails_harms_no_run_and_is_not_repeated(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    script = tmp_path / "hook"
    script.write_text(f"#!/bin/sh\necho x >>{tmp_path}/calls\necho no such tool >&2\nexit 3\n")
    script.chmod(0o700)
    configure(stage, on_finish=[str(script)])
    async with stage.engine() as engine:
        task = await stage.accept(engine, "say x")
        (after,) = await engine.runs.wait([task.new.run_id], 30)
        await settled(engine, stage)
        assert after.state == "success"
        assert await why(engine, task) == ["the hook was not told: no such tool (tries: 1)"]
    assert (tmp_path / "calls").read_text() == "x\n"


async def test_nobody_is_owed_anything_where_nobody_is_named(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        await stage.run(engine, "say x")
        assert await engine.notices._store.notices(1) == []
