"""A benchmark from end to end with scripted agents: what is asked, what is kept, what is asked again."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from engine.stage import Stage, until
from modelmuxd.app.rooms import Engine
from modelmuxd.domain.knowledge import Judged
from modelmuxd.engine.benchmark.cells import KIND
from muxwire.benchmark import BenchmarkParams, BenchmarkResult, CellEnded
from muxwire.faults import FaultError
from muxwire.runs import CallerEnv, Origin
from muxwire.settings.model import Limits

pytestmark = pytest.mark.anyio

ORIGIN = Origin(kind=KIND, principal="0")
TASK = """
kind = "bug"
title = "t"
prompt = '''{prompt}'''
check = ["sh", "-c", "cat '{{hidden}}/word' >/dev/null; grep -q good a.txt"]
files."a.txt" = "as given"
hidden."word" = "x"
"""


class Bench(Stage):
    """A stage with a suite of its own."""

    def task(self, name: str, *script: str) -> None:
        (self.root / "suite").mkdir(exist_ok=True)
        (self.root / "suite" / f"{name}.toml").write_text(TASK.format(prompt="\n".join(script)))

    def params(self, **more: object) -> BenchmarkParams:
        fields = {"suite": str(self.root / "suite"), "env": CallerEnv(self.env), "repeats": 1, **more}
        return BenchmarkParams(**fields)  # type: ignore[arg-type]

    async def measure(self, engine: Engine, **more: object) -> tuple[BenchmarkResult, list[CellEnded]]:
        told: list[CellEnded] = []

        async def tell(event: CellEnded) -> None:
            told.append(event)

        params = self.params(**more)
        laid = await engine.benchmark.lay(params, "0")
        with anyio.fail_after(60):
            return await engine.benchmark.run(params, laid, ORIGIN, {}, tell), told


def good(bench: Bench, *more: str) -> None:
    bench.task("good", f"note x {bench.root / 'asked'}", "sh echo good >a.txt", "say done", *more)


def asked(bench: Bench) -> int:
    path = bench.root / "asked"
    return len(path.read_text().splitlines()) if path.exists() else 0


async def test_work_is_checked_where_it_was_done_and_teaches_as_a_benchmark(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "codex", "claude")
    good(bench)
    bench.task("bad", "sh echo worse >a.txt", "say done")
    async with bench.engine() as engine:
        result, told = await bench.measure(engine)
        signals = [one for _, one in await engine.store.signals(0, 100)]
        run = await engine.runs.find(told[0].run_id)
        with anyio.fail_after(20):
            while list(Path(bench.here.worktrees).iterdir()):  # noqa: ASYNC110 - cleared away after the end
                await anyio.sleep(0.01)
    judged = sorted((one.agent, one.value, one.kind) for one in signals if isinstance(one, Judged))
    assert judged == [("claude", 0.0, "bug"), ("claude", 1.0, "bug"), ("codex", 0.0, "bug"), ("codex", 1.0, "bug")]
    assert {one.source for one in signals if isinstance(one, Judged)} == {"benchmark"}
    whole = [(one.provider, one.passed, one.runs) for one in result.lines if not one.kind]
    assert whole == [("codex", 1, 2), ("claude", 1, 2)]
    assert (told[-1].done, told[-1].total) == (4, 4)
    assert (run.new.origin.kind, run.new.priority) == ("benchmark", -10)


async def test_what_was_measured_is_not_asked_again_and_more_repeats_add_to_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    good(bench)
    async with bench.engine() as engine:
        await bench.measure(engine)
    async with bench.engine() as engine:  # another daemon
        again, told = await bench.measure(engine)
        assert (asked(bench), told, again.lines[0].runs) == (1, [], 1)
        more, _ = await bench.measure(engine, repeats=3)
        plan = await engine.benchmark.estimate(await engine.benchmark.lay(bench.params(repeats=5), "0"))
    assert (asked(bench), more.lines[0].runs) == (3, 3)
    assert [(one.provider, one.runs) for one in plan.needs] == [("codex", 2)]


async def test_an_interrupted_one_goes_on_with_the_run_that_is_under_way(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    good(bench, f"until {tmp_path / 'go'}")
    async with bench.engine() as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.measure, engine)
            await until(tmp_path / "asked")
            tasks.cancel_scope.cancel()
        (tmp_path / "go").touch()
        result, told = await bench.measure(engine)
    assert (asked(bench), len(told), result.lines[0].passed) == (1, 1, 1)


async def test_whoever_could_not_be_reached_has_not_failed_and_is_asked_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.task("good", f"once {tmp_path / 'first'}", "fault auth", "exit 1")
    async with bench.engine() as engine:
        first, told = await bench.measure(engine)
        assert first.lines == ()
        assert [one.run_id for one in first.unreached] == [told[0].run_id]
        second, again = await bench.measure(engine)
    assert [(one.passed, one.runs) for one in second.lines] == [(0, 1), (0, 1)]
    assert again[0].run_id != told[0].run_id


async def test_no_more_run_at_once_than_the_limits_allow(tmp_path: Path) -> None:
    bench = Bench(tmp_path, limits=Limits(running=2))
    good(bench, f"until {tmp_path / 'go'}")
    async with bench.engine() as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: bench.measure(engine, repeats=5))
        with anyio.fail_after(20):
            while not asked(bench) or len(await engine.runs.unfinished()) < 2:  # noqa: ASYNC110 - a file tells
                await anyio.sleep(0.01)
        unfinished = await engine.runs.unfinished()
        (tmp_path / "go").touch()
    assert len(unfinished) == 2
    assert asked(bench) == 5


async def test_a_name_that_nobody_has_is_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    good(bench)
    async with bench.engine() as engine:
        for more in ({"providers": ("nobody",)}, {"tasks": ("goud",)}, {"providers": ("auto",)}):
            with pytest.raises(FaultError):
                await engine.benchmark.lay(bench.params(**more), "0")
        (line,) = await engine.benchmark.tasks(bench.params())
    assert (line.name, line.kind) == ("good", "bug")
