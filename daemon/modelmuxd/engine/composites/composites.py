"""Composites, as clients ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from anyio import to_thread
from muxwire.broadcast import BroadcastParams, BroadcastResult
from muxwire.collaborate import CollaborateParams, CollaborateResult, PatternList, PatternsParams
from muxwire.faults import USAGE, refuse
from muxwire.runs import DispatchParams
from muxwire.workflow import WorkflowList, WorkflowParams, WorkflowResult, WorkflowsParams

from modelmuxd.domain.plans import Broadcast, Collaboration, Decomposition, Workflow
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.composites import workflows
from modelmuxd.engine.composites.asking import as_dispatch, broadcast_of, collaboration_of, members_of
from modelmuxd.engine.composites.collaborate import walked
from modelmuxd.engine.composites.outcome import broadcast_result, collaborate_result, with_comparison, workflow_result
from modelmuxd.engine.composites.patterns import chosen, every, line_of
from modelmuxd.engine.composites.reading import Reading
from modelmuxd.engine.composites.score import Reply, Score
from modelmuxd.engine.governor import Governor
from modelmuxd.engine.located import under_profile
from modelmuxd.engine.plan import Locate, SettingsFor, TaskSettings, split_provider, wanted
from modelmuxd.engine.runs import Runs
from modelmuxd.store.records import Task


class Composites:
    """Each kind has a plan that is made of its request, and a result that is derived from its turns."""

    def __init__(
        self,
        *,
        runs: Runs,
        reading: Reading,
        settings_for: SettingsFor,
        locate: Locate,
        governor: Governor,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._reading = reading
        self._settings_for = settings_for
        self._locate = locate
        self._governor = governor
        self._clock = clock

    async def broadcast(
        self, params: BroadcastParams, present: frozenset[str], *, left_out: str = ""
    ) -> tuple[DispatchParams, Broadcast]:
        """The request as a task, and its plan; `present` are the variables that its caller has supplied, and `left_out`
        is the provider that is not asked unless it is named: whoever asks all others wants to hear others.

        Raises FaultError for what could never run.
        """
        asked = msgspec.structs.replace(as_dispatch(params), worktree=False, carry=False)
        settings = await self._settings_for(params.workdir, params.profile)
        words = params.providers or [name for name in await self._usable(asked, settings, present) if name != left_out]
        members = members_of(words, params.model, settings)
        judge = members_of((params.judge,), "", settings)[0] if params.judge else None
        return asked, broadcast_of(params, members, judge, self._governor.timeout(params.member_timeout))

    async def broadcast_result(self, task: Task) -> BroadcastResult:
        plan, turns = task.new.plan, await self._runs.turns(task)
        assert isinstance(plan, Broadcast)
        result = broadcast_result(task, plan, turns, self._clock.now())
        if not plan.compare or task.ended_at is None:
            return result
        replies = [await self._reading(task, turn, whole=True) for turn in await self._runs.turns_of(task)]
        return await to_thread.run_sync(partial(with_comparison, result, self._score(task, replies), plan))

    async def collaborate(self, params: CollaborateParams) -> tuple[DispatchParams, Collaboration]:
        """The request as a task, and its plan. Raises FaultError for what could never run."""
        settings = await self._settings_for(params.workdir, params.profile)
        pattern = chosen(params.pattern, params.roles, settings)
        return as_dispatch(params), collaboration_of(params, pattern, self._governor.timeout(params.turn_timeout))

    async def collaborate_result(self, task: Task) -> CollaborateResult:
        plan = task.new.plan
        assert isinstance(plan, Collaboration)
        replies = [await self._reading(task, turn) for turn in await self._runs.turns_of(task)]
        score = self._score(task, replies)
        turns = await self._runs.turns(task)
        return collaborate_result(task, plan, walked(plan, score), turns, score.now)

    def _score(self, task: Task, replies: Sequence[Reply]) -> Score:
        return Score(
            parent=task.new,
            canceling=task.canceling,
            replies={(reply.step, reply.round): reply for reply in replies},
            now=self._clock.now(),
        )

    async def patterns(self, params: PatternsParams) -> PatternList:
        settings = await self._settings_for(params.workdir, "")
        return PatternList(tuple(line_of(name, pattern) for name, pattern in every(settings).items()))

    async def workflow(self, params: WorkflowParams) -> tuple[DispatchParams, Workflow]:
        """The request as a task, and its plan. Raises FaultError for what could never run."""
        settings = await self._settings_for(params.workdir, params.profile)
        return as_dispatch(params), workflows.plan_of(params.workflow, settings)

    async def workflow_result(self, task: Task) -> WorkflowResult:
        plan = task.new.plan
        assert isinstance(plan, Workflow)
        return workflow_result(task, plan, await self._runs.turns(task), self._clock.now())

    async def workflows(self, params: WorkflowsParams) -> WorkflowList:
        settings = await self._settings_for(params.workdir, "")
        if params.view == "graph" and not params.name:
            raise refuse(USAGE, "Which workflow is to be drawn?", "Say: muxctl workflow graph NAME.")
        known = {params.name: workflows.named(params.name, settings)} if params.name else workflows.every(settings)
        return WorkflowList(tuple(workflows.line_of(name, one) for name, one in known.items()))

    async def decomposition(self, params: DispatchParams, present: frozenset[str]) -> Decomposition:
        """The plan of a dispatch that is to be taken apart. Raises FaultError for a provider that nobody has."""
        settings = await self._settings_for(params.workdir, params.profile)
        wanted(params.provider, settings)
        provider, model = split_provider(params.provider, params.model)
        return Decomposition(
            provider=provider,
            model=model,
            providers=tuple(await self._usable(params, settings, present)),
            timeout=self._governor.timeout(params.timeout),
        )

    async def _usable(self, asked: DispatchParams, settings: TaskSettings, present: frozenset[str]) -> Sequence[str]:
        """All that can take a task here and are not switched off."""
        names = []
        for adapter in settings.unasked:
            if adapter.name in settings.disabled or self._governor.excluded(adapter.name, asked.model):
                continue
            found = await self._locate(adapter, asked.env.values, present)
            if under_profile(found, adapter, settings.of(adapter.name), present).fault is None:
                names.append(adapter.name)
        return names
