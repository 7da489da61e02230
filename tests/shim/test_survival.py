"""A daemon that is killed under its IDEs: they notice nothing. Many of them share one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from shim.test_long import call
from shim.world import World, info, until

MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": info(),
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.mark.parametrize("era", ["handshake", "stateless"])
def test_a_call_outlives_its_daemon(world: World, era: str) -> None:
    meta: dict[str, Any] = {"progressToken": 1, **(MODERN if era == "stateless" else {})}
    with world.bare() if era == "stateless" else world.pipe() as pipe:
        end = call(pipe, world, f"outlives-{era}", meta=meta)
        while not pipe.others:
            pipe.hear()
        killed = world.daemon()
        pipe.write(b'{"jsonrpc":"2.0","id":2,"method":"tools/list","params"')  # half a line
        killed.kill()
        pipe.write(b":" + json.dumps({"_meta": meta}).encode() + b"}\n")
        assert pipe.answer(2)["tools"]
        while pipe.others[-1]["params"]["progress"] <= pipe.others[0]["params"]["progress"]:
            pipe.hear()
        end.touch()
        run = pipe.answer(1)["structuredContent"]
        assert (run["status"], run["attempts"]) == ("success", 1)
        assert run["output"].split() == ["one", "two", "words", "end"]
        pipe.ask(3, "tools/list", _meta=meta)
        assert pipe.answer(3)["tools"]
        grown = [one["params"]["progress"] for one in pipe.others]
        assert grown == sorted(set(grown))
    assert world.daemon().pid != killed.pid


def test_a_daemon_is_asked_anew_only_when_there_is_something_to_ask(world: World) -> None:
    with world.pipe() as pipe:
        pipe.call(1, "mux_check")
        pipe.answer(1)
        world.muxctl("daemon", "stop")
        pipe.call(2, "mux_check")
        assert pipe.answer(2)["structuredContent"]["client"] == "test"  # the handshake was told to the next one


def test_a_restart_in_order_is_not_noticed_either(world: World) -> None:
    with world.pipe() as pipe:
        end = call(pipe, world, "restart")
        assert world.muxctl("daemon", "restart").returncode == 0
        end.touch()
        assert pipe.answer(1)["structuredContent"]["status"] == "success"


def test_twenty_share_one_daemon_and_its_death(world: World) -> None:
    end = Path(world.project, "twenty-end")

    def use(number: int) -> dict[str, Any]:
        with world.pipe() as pipe:
            begun = Path(world.project, f"twenty-{number}")
            task = f"touch {begun}; until [ -e {end} ]; do sleep 0.05; done; echo {number}"
            pipe.call(number + 1, "mux_dispatch", task=task, provider="sh", failover=False)
            answer = pipe.answer(number + 1)
            assert not answer.get("isError"), answer
            run: dict[str, Any] = answer["structuredContent"]
            return run

    with ThreadPoolExecutor(20) as pool:
        uses = [pool.submit(use, number) for number in range(20)]
        until(lambda: any(Path(world.project, f"twenty-{number}").exists() for number in range(20)))
        world.daemon().kill()
        end.touch()
        answers = [use.result() for use in uses]
    assert [(one["status"], one["output"].strip()) for one in answers] == [("success", str(n)) for n in range(20)]
    assert len({one["run_id"] for one in answers}) == 20
    world.daemon()  # there is one


def test_a_line_may_be_large_and_not_larger(world: World) -> None:
    with world.pipe() as pipe:
        pipe.call(1, "mux_dispatch", task="x", provider="y" * 3_000_000)
        assert pipe.answer(1)["isError"]
        pipe.write(b" " * 100 + b'{"jsonrpc":"2.0","id":7,"method":"' + b"x" * (64 * 1024 * 1024) + b'"}\n')
        assert pipe.answer(None)["code"] == -32600
        pipe.ask(2, "ping")
        assert pipe.answer(2) == {}


def test_what_is_no_message_is_told_and_the_session_goes_on(world: World) -> None:
    with world.pipe() as pipe:
        pipe.write(b"garbage\n\n")
        assert pipe.answer(None)["code"] == -32700
        pipe.write(b'{"jsonrpc":"2.0","id":5,"method":7}\n')
        assert pipe.answer(5)["code"] == -32600
        pipe.write(b"[" * 100_000 + b"\n")
        assert pipe.answer(None)["code"] == -32700
        pipe.ask(2, "ping")
        assert pipe.answer(2) == {}


def test_without_a_daemon_that_starts_it_says_why(world: World, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)  # no state folder of ours may lie open
    with world.bare(MODELMUX_HOME=str(tmp_path / "no" / ("x" * 300))) as pipe:
        pipe.ask(1, "ping")
        assert pipe.process.wait(30) == 1
        assert pipe.process.stderr
        assert pipe.process.stderr.read().startswith(b"modelmux: ")
