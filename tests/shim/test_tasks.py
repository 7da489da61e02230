"""The tasks extension: a handle at once, good over daemons; get, update, cancel."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from shim.world import CEILING, Pipe, World, info

TASKS = "io.modelcontextprotocol/tasks"


def meta(*extensions: str) -> dict[str, Any]:
    return {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": info(),
        "io.modelcontextprotocol/clientCapabilities": {"extensions": {name: {} for name in extensions}},
    }


class Client:
    """Asks under rising ids."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._last = 0

    def dispatch(self, task: str, *extensions: str, **more: Any) -> dict[str, Any]:
        self._last += 1
        self._pipe.call(self._last, "mux_dispatch", meta(*extensions), task=task, provider="sh", failover=False, **more)
        return self._pipe.answer(self._last)

    def ask(self, method: str, *extensions: str, **params: Any) -> dict[str, Any]:
        self._last += 1
        self._pipe.ask(self._last, f"tasks/{method}", _meta=meta(*extensions), **params)
        return self._pipe.answer(self._last)

    def ended(self, task: str) -> dict[str, Any]:
        deadline = time.monotonic() + CEILING
        while (found := self.ask("get", TASKS, taskId=task))["status"] == "working":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return found


def test_a_task_is_told_at_once_and_outlives_its_daemon(world: World) -> None:
    end = Path(world.project, "task-end")
    with world.bare() as pipe:
        client = Client(pipe)
        handle = client.dispatch(f"until [ -e {end} ]; do sleep 0.02; done; echo done", TASKS)
        assert (handle["resultType"], handle["status"]) == ("task", "working")
        assert datetime.fromisoformat(handle["createdAt"].replace("Z", "+00:00"))
        assert not {"result", "error", "inputRequests", "content"} & handle.keys()
        world.daemon().kill()
        assert client.ask("get", TASKS, taskId=handle["taskId"])["status"] == "working"
        end.touch()
        task = client.ended(handle["taskId"])
    assert (task["resultType"], task["status"]) == ("complete", "completed")
    assert task["result"]["structuredContent"]["output"] == "done\n"


def test_a_run_that_fails_is_a_completed_task_and_a_canceled_one_is_canceled(world: World) -> None:
    with world.bare() as pipe:
        client = Client(pipe)
        failed = client.ended(client.dispatch("exit 3", TASKS)["taskId"])
        assert (failed["status"], failed["result"]["isError"]) == ("completed", True)
        task = client.dispatch("sleep 300", TASKS)["taskId"]
        for _ in range(2):
            assert client.ask("cancel", TASKS, taskId=task).keys() - {"_meta"} == {"resultType"}
        assert client.ended(task)["status"] == "cancelled"
        assert client.ask("update", TASKS, taskId=task, inputResponses={}).keys() - {"_meta"} == {"resultType"}


def test_several_at_once_are_one_task(world: World) -> None:
    with world.bare() as pipe:
        asked = {"task": "echo hi", "providers": ["sh", "sh2"]}
        pipe.ask("b", "tools/call", name="mux_broadcast", arguments=asked, _meta=meta(TASKS))
        task = Client(pipe).ended(pipe.answer("b")["taskId"])
    results = task["result"]["structuredContent"]["results"]
    assert [one["output"] for one in results] == ["hi\n", "hi\n"]


def test_whoever_knows_no_tasks_gets_none(world: World) -> None:
    with world.bare() as pipe:
        client = Client(pipe)
        plain = client.dispatch("echo hi", "com.example/other")
        assert plain["structuredContent"]["output"] == "hi\n"
        refused = client.ask("get", taskId=plain["structuredContent"]["run_id"])
        assert refused["code"] == -32021
        assert refused["data"] == {"requiredCapabilities": {"extensions": {TASKS: {}}}}


@pytest.mark.parametrize("method", ["get", "update", "cancel"])
def test_a_task_that_is_none_is_told(world: World, method: str) -> None:
    with world.bare() as pipe:
        assert Client(pipe).ask(method, TASKS, taskId="nothing-of-ours", inputResponses={})["code"] == -32602
