"""Whom a task would go to, were it dispatched now. Nothing is kept and nothing is run."""

from __future__ import annotations

import msgspec
from muxwire.insight import Caller
from muxwire.routing import Route
from muxwire.runs import DispatchParams, Origin

from modelmuxd.engine.accept import new_task
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.governor import Family
from modelmuxd.engine.plan import Planner, SettingsFor
from modelmuxd.store.records import Task


class Routes:
    def __init__(self, planner: Planner, settings_for: SettingsFor, clock: Clock) -> None:
        self._planner = planner
        self._settings_for = settings_for
        self._clock = clock

    async def of(self, params: DispatchParams, secrets: dict[str, str], caller: Caller) -> Route:
        """As a dispatch would go, but for what waits and for what a session binds. Raises FaultError."""
        settings = await self._settings_for(params.workdir, params.profile)
        task = new_task(
            params,
            origin=Origin(caller=caller.provider),
            secret_names=secrets,
            now=self._clock.now(),
            blocked=None,
            timeout=params.timeout or 1,
            family=Family(),
            left_out=caller.provider if caller.excluded else "",
        )
        plan = await self._planner.plan(Task(new=task, state="queued"), (), settings)
        return msgspec.convert(plan.decision.data, Route)
