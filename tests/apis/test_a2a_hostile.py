"""A2A agents that answer wrongly: each fault has a name, nothing is read without a bound, and nothing is sent twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from apis.a2a_server import A2aServer
from apis.test_a2a import VERSIONS, define, until_asked
from engine.stage import Stage, ended
from modelmuxd.runner.a2a_wire import events

pytestmark = pytest.mark.anyio

CARD = "/.well-known/agent-card.json"
BIG = b"[" + b" " * (1024 * 1024) + b"]"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (302, b"", "invalid_request"),
        (401, b"{}", "auth"),
        (429, b"too many requests", "rate_limit"),
        (500, b"\xff", "transient"),
        (200, b"<html>", "invalid_request"),
        (200, b"[1]", "invalid_request"),
        (200, b'{"a":' * 100_000, "invalid_request"),
        (200, BIG, "invalid_request"),
        (200, b'{"url":"/x","preferredTransport":"GRPC"}', "invalid_request"),
        (200, b'{"url":"http://[::1"}', "invalid_request"),
        (200, b'{"url":"ftp://127.0.0.1/"}', "invalid_request"),
        (200, b'{"url":"http://127.0.0.1:99999/"}', "invalid_request"),
    ],
)
async def test_a_card_that_cannot_be_used_is_told_and_nothing_is_sent(
    stage: Stage, status: int, body: bytes, code: str
) -> None:
    with A2aServer("1.0") as server:
        server.raw[CARD] = [(status, body)]
        define(stage, server)
        async with stage.engine() as engine:
            run = await stage.run(engine, "x", provider="far", deadline=3.0, max_retries=1)
    assert run.error is not None
    assert (run.status == "success", run.error.code, server.prompts) == (False, code, [])


@pytest.mark.parametrize(
    "more",
    [
        {"capabilities": ["streaming"]},
        {"name": 7, "additionalInterfaces": "x", "provider": None},
        {"capabilities": None, "protocolVersion": 0.3, "preferredTransport": "JSONRPC"},
    ],
)
@pytest.mark.parametrize("version", VERSIONS[1:])
async def test_strange_fields_of_a_card_harm_nobody(stage: Stage, version: str, more: dict[str, Any]) -> None:
    with A2aServer(version) as server:
        server.more = more
        define(stage, server)
        async with stage.engine() as engine:
            run = await stage.run(engine, "x", provider="far")
    assert (run.status, run.output) == ("success", "you said: x")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b" " * (17 * 1024 * 1024)])
@pytest.mark.parametrize("method", ["SendMessage", "SendStreamingMessage"])
async def test_a_message_whose_answer_is_lost_is_not_sent_again(stage: Stage, method: str, body: bytes) -> None:
    with A2aServer("1.0", streaming="Stream" in method) as server:
        server.raw[method] = [(200, body)]
        define(stage, server)
        async with stage.engine() as engine:
            run = await stage.run(engine, "x", provider="far", max_retries=3)
    assert run.error is not None
    assert (run.error.code, server.asked) == ("timeout", [method])
    assert "look there before you send it again" in run.error.hint


async def test_a_gateway_that_gives_up_has_sent_the_message_all_the_same(stage: Stage) -> None:
    with A2aServer("0.3", streaming=False) as server:
        server.raw["message/send"] = [(504, b"")]
        define(stage, server)
        async with stage.engine() as engine:
            run = await stage.run(engine, "x", provider="far", max_retries=3)
    assert run.error is not None
    assert (run.error.code, server.asked) == ("timeout", ["message/send"])


async def test_in_the_draft_a_lost_answer_is_looked_for(stage: Stage) -> None:
    """Its task's name is ours, so it is known even so."""
    with A2aServer("draft", streaming=False) as server:
        server.raw["tasks/send"] = [(504, b"")]
        server.go.set()
        define(stage, server)
        async with stage.engine() as engine:
            run = await stage.run(engine, "x", provider="far")
    assert (run.status, server.asked) == ("success", ["tasks/send", "tasks/get"])


async def test_a_look_that_fails_is_repeated(stage: Stage) -> None:
    with A2aServer("1.0", streaming=False) as server:
        server.raw["GetTask"] = [(503, b""), (200, b"<html>"), (200, b'{"error":{"code":-32603,"message":"oops"}}')]
        server.go.set()
        define(stage, server)
        async with stage.engine() as engine:
            run = await stage.run(engine, "later", provider="far")
    assert (run.status, server.asked) == ("success", ["SendMessage", *["GetTask"] * 4])


async def test_a_task_that_the_agent_has_forgotten_is_not_sent_again(stage: Stage) -> None:
    with A2aServer("1.0", streaming=False) as server:
        server.raw["GetTask"] = [(200, b'{"error":{"code":-32001,"message":"no such task"}}')]
        define(stage, server)
        async with stage.engine() as engine:
            run = await stage.run(engine, "later", provider="far", max_retries=3)
    assert run.error is not None
    assert (run.error.code, server.asked) == ("timeout", ["SendMessage", "GetTask"])
    assert "no such task" in run.error.message


@pytest.mark.parametrize("version", VERSIONS[1:])
async def test_a_task_is_known_before_it_is_done_and_can_be_canceled(stage: Stage, version: str) -> None:
    with A2aServer(version, streaming=False) as server:
        define(stage, server)
        async with stage.engine() as engine:
            task = await stage.accept(engine, "slow", provider="far")
            await until_asked(server, 2)
            await engine.runs.cancel(task.new.run_id, "test")
            run = await ended(engine, task)
    assert (run.status, server.asked[-1]) == ("canceled", "CancelTask" if version == "1.0" else "tasks/cancel")


async def test_an_old_agent_whose_card_says_nothing_is_asked_in_the_newer_words(stage: Stage) -> None:
    """0.2 had cards without a version of the protocol."""
    with A2aServer("0.3") as server:
        server.more = {"protocolVersion": None}
        server.raw["tasks/sendSubscribe"] = [(200, b'{"error":{"code":-32601,"message":"what?"}}')]
        define(stage, server)
        async with stage.engine() as engine:
            run = await stage.run(engine, "x", provider="far")
    assert (run.output, server.asked) == ("you said: x", ["tasks/sendSubscribe", "message/stream"])


def test_events_of_a_stream_are_whole() -> None:
    lines = [b": ping", b"", b"event: x\r", b"data: {", b"data:}\r", b"\r", b"data: {}", b"", b"data: cut off"]
    assert list(events(lines)) == [b"{\n}", b"{}"]
