"""`muxctl retry`, `answer` and `attach` from end to end: a run that failed, one that asks, one followed late."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from edge.house import House, only, over
from engine.stage import ended, until, waits

pytestmark = pytest.mark.anyio


@pytest.fixture
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="mux") as folder:  # pytest's own paths can be too long for a socket
        yield House(Path(folder), "codex", "claude")


async def test_a_retry_runs_the_same_task_again_and_says_so(house: House) -> None:
    async with house.served() as (engine, _):
        first = await house.accept(engine, "session s-1", "say so far", "exit 3", provider="codex")
        await ended(engine, first)
        code, out, errors = await over(house.muxctl("retry", first.new.run_id[:16], "-p", "claude"))
        result = json.loads(out)
        detail = await engine.runs.detail(await engine.runs.find(result["run_id"]))
    assert (code, errors) == (1, b"")  # it does the same again
    assert (result["status"], result["provider"], result["output"]) == ("error", "claude", "so far")
    assert result["run_id"] != first.new.run_id
    assert detail.retry_of == first.new.run_id


async def test_a_run_under_way_is_not_run_again(house: House) -> None:
    begun, go = house.root / "begun", house.root / "go"
    async with house.served() as (engine, _):
        task = await house.accept(engine, f"touch {begun}", f"until {go}")
        await until(begun)
        code, out, errors = await over(house.muxctl("retry", task.new.run_id))
        assert len(await engine.runs.unfinished()) == 1
        go.touch()
        await ended(engine, task)
    assert code == 2
    assert b"only a run that has ended" in errors
    assert json.loads(out)["error"]["code"] == "conflict"


async def test_an_answer_lets_the_run_go_on_in_its_session(house: House) -> None:
    async with house.served() as (engine, _):
        program = house.muxctl("dispatch", "-p", "codex", "session s-1\nsay Which?\nfault needs_input\nexit 1")
        task = await only(engine)
        held = await waits(engine, task, "input")
        code, out, errors = await over(house.muxctl("answer", task.new.run_id[:16], "say", "the", "blue", "one"))
        followed, answer, _ = await over(program)
        again, _, refused = await over(house.muxctl("answer", task.new.run_id, "say more"))
    assert held.waiting_for == "input: the script says needs_input"
    assert (code, errors) == (0, b"")
    assert out.startswith(task.new.run_id[:16].encode())
    assert followed == 0
    assert json.loads(answer)["output"] == "the blue one"
    assert json.loads(answer)["attempts"] == 2
    assert again == 2
    assert b"muxctl" in refused


async def test_an_empty_answer_is_refused(house: House) -> None:
    async with house.served() as (engine, _):
        task = await house.accept(engine, "session s-1", "fault needs_input", "exit 1")
        await waits(engine, task, "input")
        code, _, errors = await over(house.muxctl("answer", task.new.run_id, " "))
        assert (await engine.runs.find(task.new.run_id)).waiting == "input"
    assert code == 2
    assert b"The answer is empty." in errors


async def test_who_attaches_late_gets_it_from_its_beginning(house: House) -> None:
    async with house.served() as (engine, _):
        task = await house.accept(engine, "say all is well")
        await ended(engine, task)
        code, out, _ = await over(house.muxctl("attach", task.new.run_id[:16]))
    assert code == 0
    assert json.loads(out)["output"] == "all is well"
