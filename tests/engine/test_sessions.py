"""Which session a task goes on with, where, and one turn at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine.stage import Stage, ended, until, waits
from modelmuxd.app.rooms import Engine
from muxwire.faults import FaultError
from muxwire.runs import RunResult

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path, "codex", "claude")
    made.adapters["claude"].session_bound = True
    return made


async def turn(stage: Stage, engine: Engine, *script: str, **more: Any) -> RunResult:
    """As a client's dispatch: resolved, then accepted."""
    params = await engine.runs.resolved(stage.ask(*script, **more))
    return await ended(engine, await stage.sent(engine, params))


async def test_a_session_is_named_by_its_id_or_by_any_run_of_it(stage: Stage) -> None:
    async with stage.engine() as engine:
        first = await turn(stage, engine, "session s-1", "say one", provider="claude")
        second = await turn(stage, engine, "session s-1", "say two", session_id=first.run_id[:20])
        third = await turn(stage, engine, "session s-1", "say three", session_id="s-1")
        assert [one.provider for one in (first, second, third)] == ["claude"] * 3
        assert {one.session_id for one in (first, second, third)} == {"s-1"}
        (listed,) = await engine.runs.sessions(10)
    assert (listed.turns, listed.last_run, listed.provider) == (3, third.run_id, "claude")


async def test_continue_is_the_last_one_of_this_folder(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with stage.engine() as engine:
        await turn(stage, engine, "session mine", provider="codex")
        await turn(stage, engine, "session theirs", provider="codex", workdir=str(tmp_path / "other"))
        assert (await turn(stage, engine, "say x", continue_session=True)).session_id == "mine"
        with pytest.raises(FaultError, match="No session with claude has begun"):
            await turn(stage, engine, "say x", continue_session=True, provider="claude")


async def test_what_cannot_go_on_is_refused_before_it_starts(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with stage.engine() as engine:
        await turn(stage, engine, "session s", provider="claude")
        without = await turn(stage, engine, "say no session", provider="codex")
        for more, said in (
            ({"session_id": "s", "provider": "codex"}, "This session is claude's"),
            ({"session_id": "s", "workdir": str(tmp_path / "other")}, "goes on with it only there"),
            ({"session_id": without.run_id}, "has left no session"),
            ({"session_id": "never-seen"}, "Nothing is known here"),
        ):
            with pytest.raises(FaultError, match=said) as refused:
                await turn(stage, engine, "say x", **more)
            assert refused.value.fault.code == "usage"
        foreign = await turn(stage, engine, "say x", session_id="never-seen", provider="codex")
    assert (foreign.status, foreign.session_id) == ("success", "never-seen")


async def test_a_session_has_one_turn_at_a_time(stage: Stage, tmp_path: Path) -> None:
    go, begun = tmp_path / "go", tmp_path / "begun"
    async with stage.engine() as engine:
        await turn(stage, engine, "session s", provider="codex")
        more: dict[str, Any] = {"provider": "codex", "session_id": "s"}
        slow = await stage.accept(engine, "session s", f"touch {begun}", f"until {go}", **more)
        await until(begun)
        next_one = await stage.accept(engine, "session s", "say next", **more)
        held = await waits(engine, next_one, "slots")
        assert held.waiting_for == f"slots: session s has a turn running, {slow.new.run_id}"
        go.touch()
        assert (await ended(engine, next_one)).output == "next"
