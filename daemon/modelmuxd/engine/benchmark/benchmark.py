"""Runs a benchmark: finds what was measured, has the rest run as ordinary runs, and says what it all came to."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import anyio
import msgspec
from anyio import to_thread
from muxwire.benchmark import (
    BenchmarkNeed,
    BenchmarkParams,
    BenchmarkResult,
    BenchmarkTask,
    CellEnded,
    Unreached,
)
from muxwire.faults import NO_PROVIDER, WORKTREE, refuse
from muxwire.runs import Cost, DispatchParams, Origin
from muxwire.settings.model import Limits

from modelmuxd.domain.bucket import Asked
from modelmuxd.engine.benchmark import suite
from modelmuxd.engine.benchmark.cells import KIND, Cell, asked, cells_of, trial_of, verdict_of
from modelmuxd.engine.benchmark.tally import Done, lines_of
from modelmuxd.engine.governor import Governor
from modelmuxd.engine.plan import Locate, SettingsFor, split_provider, wanted
from modelmuxd.engine.runs import Runs
from modelmuxd.runner import exercise as repository
from modelmuxd.runner.git import GitFailed
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Task

TRIES = 50
"""Times that a cell may be asked in vain, over all benchmarks."""

Tell = Callable[[CellEnded], Awaitable[None]]


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """What a request comes to: the agents, the cells that were measured, and those that were not."""

    seats: tuple[str, ...]
    done: tuple[Done, ...]
    left: tuple[Cell, ...]


class Benchmark:
    """`folder` holds the repositories of the tasks."""

    def __init__(
        self,
        *,
        runs: Runs,
        store: TaskStore,
        settings_for: SettingsFor,
        locate: Locate,
        governor: Governor,
        limits: Limits,
        folder: str,
    ) -> None:
        self._runs = runs
        self._store = store
        self._settings_for = settings_for
        self._locate = locate
        self._governor = governor
        self._limits = limits
        self._folder = Path(folder)

    async def tasks(self, params: BenchmarkParams) -> tuple[BenchmarkTask, ...]:
        """Raises FaultError for a suite that cannot be used."""
        chosen = await self._chosen(params)
        return tuple(BenchmarkTask(name, one.kind, one.title, one.timeout) for name, one in chosen.items())

    async def lay(self, params: BenchmarkParams, principal: str) -> Laid:
        """Raises FaultError for what could never run."""
        seats = await self._seats(params)
        done: list[Done] = []
        left: list[Cell] = []
        for cell in cells_of(await self._chosen(params), seats, params.repeats):
            found, _ = await self._known(cell, principal)
            if found:
                done.append(found)
            else:
                left.append(cell)
        return Laid(seats=seats, done=tuple(done), left=tuple(left))

    async def estimate(self, laid: Laid) -> BenchmarkResult:
        """What is known, and what the rest would take."""
        means = await self._means()
        needs = []
        for seat in laid.seats:
            mine = [cell for cell in laid.left if cell.seat == seat]
            if not mine:
                continue
            mean = means.get(split_provider(seat, "")[0])
            cost = Cost(usd=None) if mean is None else Cost(usd=round(mean * len(mine), 4), source="table")
            longest = sum(cell.exercise.timeout + cell.exercise.check_timeout for cell in mine)
            needs.append(BenchmarkNeed(provider=seat, runs=len(mine), cost=cost, at_most_s=longest))
        return BenchmarkResult(lines=lines_of(laid.done, laid.seats), needs=tuple(needs))

    async def secret_names(self, params: BenchmarkParams, seats: Sequence[str]) -> frozenset[str]:
        """Variables that one or another of the agents may need."""
        names: set[str] = set()
        for seat in seats:
            probe = DispatchParams(task=KIND, provider=seat, workdir="/", env=params.env)
            names |= set(await self._runs.secret_names(probe))
        return frozenset(names)

    async def run(
        self, params: BenchmarkParams, laid: Laid, origin: Origin, secrets: Mapping[str, str], tell: Tell
    ) -> BenchmarkResult:
        """Have the cells run, as many at once as the limits allow. Those under way go on when this is cancelled, and
        are found again."""
        ended: list[Done] = []
        slots = anyio.CapacityLimiter(self._limits.running)

        async def measure(cell: Cell) -> None:
            async with slots:
                one = await self._measure(cell, params, origin, secrets)
            ended.append(one)
            await tell(_event(one, len(ended), len(laid.left)))

        async with anyio.create_task_group() as tasks:
            for cell in laid.left:
                tasks.start_soon(measure, cell)
        lost = tuple(_unreached(one) for one in ended if one.verdict == "unreached")
        return BenchmarkResult(lines=lines_of([*laid.done, *ended], laid.seats), unreached=lost)

    async def _measure(self, cell: Cell, params: BenchmarkParams, origin: Origin, secrets: Mapping[str, str]) -> Done:
        """Attach to the run that an earlier benchmark has left under way, or begin one."""
        _, key = await self._known(cell, origin.principal)
        place = self._folder / cell.exercise.digest
        try:
            await repository.make(place, cell.exercise.files, cell.exercise.hidden, params.env.values)
        except GitFailed as error:
            raise refuse(WORKTREE, f"The task's repository could not be made: {error}.", "Is git there?") from error
        request = asked(cell, key, str(place / "repo"), params.env)
        trial = trial_of(cell, python=sys.executable, hidden=str(place / "hidden"))
        task = await self._runs.accept(request, origin, secrets, trial=trial)
        await self._runs.wait([task.new.run_id], None)
        done = await self._verdict(cell, await self._store.find(task.new.run_id))
        assert done is not None
        return done

    async def _known(self, cell: Cell, principal: str) -> tuple[Done | None, str]:
        """What was measured of it; else the key of the run that measures it: one that is under way, or none yet."""
        key = cell.key(0)
        for again in range(TRIES):
            key = cell.key(again)
            task = await self._store.keyed(KIND, principal, key)
            done = await self._verdict(cell, task) if task else None
            if done is None or done.verdict != "unreached":
                return done, key
        return None, key

    async def _verdict(self, cell: Cell, task: Task) -> Done | None:
        verdict = verdict_of(task, await self._store.attempts(task.new.run_id))
        return Done(cell, task, verdict) if verdict else None

    async def _chosen(self, params: BenchmarkParams) -> dict[str, suite.Exercise]:
        return suite.choose(await to_thread.run_sync(suite.read, params.suite), params.tasks)

    async def _seats(self, params: BenchmarkParams) -> tuple[str, ...]:
        """Those that are named, each once, or all that can be asked here. Raises FaultError for a name nobody has."""
        settings = await self._settings_for("/", "")
        named = tuple(dict.fromkeys(params.providers))
        for word in named:
            wanted(word, settings)
            if split_provider(word, "")[0] == "auto":
                raise refuse(NO_PROVIDER, "`auto` is nobody in particular.", "Name providers, or leave them out.")
        if named:
            return named
        usable = []
        for adapter in settings.unasked:
            found = await self._locate(adapter, params.env.values, frozenset())
            if not (found.fault or adapter.name in settings.disabled or self._governor.excluded(adapter.name, "")):
                usable.append(adapter.name)
        if not usable:
            raise refuse(NO_PROVIDER, "No agent can be measured: none is usable here.", "See `muxctl check`.")
        return tuple(usable)

    async def _means(self) -> dict[str, float]:
        """Dollars that an attempt has cost so far, by provider: of benchmarks, else of anything; where it is known."""
        means: dict[str, float] = {}
        for every in (Asked(by=("provider",)), Asked(only={"kind": (KIND,)}, by=("provider",))):
            for one in await self._store.sums(every):
                priced = one.counts.attempts - one.counts.unpriced
                if priced > 0 and one.counts.cost_micros:
                    means[one.of.provider] = one.counts.cost_micros / priced / 1_000_000
        return means


def _event(one: Done, done: int, total: int) -> CellEnded:
    return CellEnded(
        run_id=one.task.new.run_id,
        provider=one.cell.seat,
        task=one.cell.name,
        repeat=one.cell.repeat,
        verdict=one.verdict,
        seconds=one.seconds,
        done=done,
        total=total,
        text=_why(one) if one.verdict == "unreached" else "",
    )


def _unreached(one: Done) -> Unreached:
    return Unreached(run_id=one.task.new.run_id, provider=one.cell.seat, task=one.cell.name, why=_why(one))


def _why(one: Done) -> str:
    if one.task.fault:
        return one.task.fault.message
    return f"it ended as {one.task.state}, and its work was not checked"
