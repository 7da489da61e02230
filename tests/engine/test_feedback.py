"""A rating belongs to the attempt that gave the answer, and routing learns it once, however often it is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.stage import Stage
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.knowledge import Judged, Retracted
from muxwire.faults import FaultError
from muxwire.runs import RunResult

pytestmark = pytest.mark.anyio


async def judgements(engine: Engine) -> list[Judged | Retracted]:
    said = [signal for _, signal in await engine.store.signals(0, 100)]
    return [one for one in said if isinstance(one, Retracted) or (isinstance(one, Judged) and one.source == "rating")]


async def refused(engine: Engine, run_id: str, provider: str = "") -> tuple[str, str]:
    with pytest.raises(FaultError) as caught:
        await engine.feedback.rate(run_id, provider, 5, "")
    return caught.value.fault.code, f"{caught.value.fault.message} {caught.value.fault.hint}"


async def test_a_rating_is_about_whoever_answered(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        result = await failed_over(stage, engine)
        kept, before = await engine.feedback.rate(result.run_id[:8], "", 4, "good")
        (told,) = await judgements(engine)
        (line,) = await engine.feedback.list()
    assert (kept.run_id, kept.provider, before) == (result.run_id, "claude", None)
    assert isinstance(told, Judged)
    assert (told.agent, told.value, told.weight, told.run_id) == ("claude", 0.87, 0.7, result.run_id)
    assert (line.provider, line.rating, line.comment) == ("claude", 4, "good")


async def test_another_attempt_is_rated_by_its_name(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        result = await failed_over(stage, engine)
        kept, _ = await engine.feedback.rate(result.run_id, "codex", 1, "")
        code, text = await refused(engine, result.run_id, "gemini")
    assert kept.judged.agent == "codex"
    assert (code, "claude, codex" in text) == ("usage", True)


async def test_a_second_thought_takes_the_first_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        run = (await stage.run(engine, "say x")).run_id
        await engine.feedback.rate(run, "", 5, "")
        _, before = await engine.feedback.rate(run, "", 1, "it did not work after all")
        told = await judgements(engine)
        lines = await engine.feedback.list()
    assert before is not None
    assert before.rating == 5
    assert [type(one) for one in told] == [Judged, Retracted, Judged]
    assert [line.rating for line in lines] == [1]


async def test_what_has_no_answer_cannot_be_rated(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.engine() as engine:
        known = (await stage.run(engine, "say x")).run_id
        typo = known[:-1] + ("0" if known[-1] != "0" else "1")
        code, text = await refused(engine, typo)
        assert (code, f"Did you mean {known}?" in text) == ("not_found", True)
        assert (await refused(engine, "zzzzzzzzzz"))[0] == "not_found"
        running = await stage.accept(engine, "sleep 30")
        assert await refused(engine, running.new.run_id) == (
            "conflict",
            f"{running.new.run_id} has not ended yet. Wait: `muxctl wait {running.new.run_id}`.",
        )
        await engine.runs.cancel(running.new.run_id, "test")
        assert await engine.feedback.list() == []


async def failed_over(stage: Stage, engine: Engine) -> RunResult:
    script = ("once " + str(stage.root / "second"), "fault quota 9999", "exit 1")
    result = await stage.run(engine, *script, failover=True)
    assert (result.provider, result.failover_from) == ("claude", "codex")
    return result
