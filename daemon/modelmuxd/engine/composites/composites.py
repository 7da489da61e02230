"""Composites, as clients ask for them."""

from __future__ import annotations

from collections.abc import Sequence

from muxwire.broadcast import BroadcastParams, BroadcastResult
from muxwire.runs import DispatchParams

from modelmuxd.domain.plans import Broadcast
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.composites.asking import as_dispatch, broadcast_of, members_of
from modelmuxd.engine.composites.outcome import broadcast_result
from modelmuxd.engine.governor import Governor
from modelmuxd.engine.plan import Locate, SettingsFor, TaskSettings
from modelmuxd.engine.runs import Runs
from modelmuxd.store.records import Task


class Composites:
    """Each kind has a plan that is made of its request, and a result that is derived from its turns."""

    def __init__(
        self, *, runs: Runs, settings_for: SettingsFor, locate: Locate, governor: Governor, clock: Clock
    ) -> None:
        self._runs = runs
        self._settings_for = settings_for
        self._locate = locate
        self._governor = governor
        self._clock = clock

    async def broadcast(self, params: BroadcastParams) -> tuple[DispatchParams, Broadcast]:
        """The request as a task, and its plan. Raises FaultError for what could never run."""
        asked = as_dispatch(params)
        settings = await self._settings_for(params.workdir, params.profile)
        words = params.providers or await self._usable(asked, settings)
        members = members_of(words, params.model, settings)
        return asked, broadcast_of(params, members, self._governor.timeout(params.member_timeout))

    async def broadcast_result(self, task: Task) -> BroadcastResult:
        turns = await self._runs.turns(task)
        return broadcast_result(task, turns, self._clock.now())

    async def _usable(self, asked: DispatchParams, settings: TaskSettings) -> Sequence[str]:
        """All that can take a task here and are not switched off."""
        names = []
        for adapter in settings.unasked:
            if adapter.name in settings.disabled or self._governor.excluded(adapter.name, asked.model):
                continue
            found = await self._locate(adapter, asked.env.values, frozenset())
            if found.fault is None:
                names.append(adapter.name)
        return names
