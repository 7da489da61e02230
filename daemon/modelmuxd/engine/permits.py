"""What the policy would do with a request, and what of it is used up: nothing is stored, nothing is counted."""

from __future__ import annotations

from muxwire.faults import POLICY, Fault
from muxwire.policy import PolicyReport, PolicyVerdict
from muxwire.runs import DispatchParams

from modelmuxd.engine.accept import check
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.governor import Governor, family_of
from modelmuxd.engine.plan import SettingsFor, split_provider, wanted
from modelmuxd.policy.phases import DAY, HOUR
from modelmuxd.store.interface import TaskStore


class Permits:
    def __init__(self, *, store: TaskStore, governor: Governor, settings_for: SettingsFor, clock: Clock) -> None:
        self._store = store
        self._governor = governor
        self._settings_for = settings_for
        self._clock = clock

    async def report(self) -> PolicyReport:
        now = self._clock.now()
        used = await self._store.started_since(now - HOUR), await self._store.started_since(now - DAY)
        return self._governor.report(used)

    async def judge(self, params: DispatchParams, parent: str) -> PolicyVerdict:
        """What the policy would do with this request. Raises FaultError for one that could never run."""
        check(params)
        refused = self._governor.refused(params, await family_of(self._store, parent, self._clock.now()))
        provider, model = split_provider(params.provider, params.model)
        settings = await self._settings_for(params.workdir, params.profile)
        names = [one.name for one in wanted(params.provider, settings)]
        excluded = {name: self._governor.excluded(name, model if name == provider else "") for name in names}
        excluded = {name: why for name, why in excluded.items() if why}
        if refused is None and len(excluded) == len(names):
            refused = Fault(POLICY, " ".join(dict.fromkeys(excluded.values())), "See `muxctl policy show`.")
        timeout = self._governor.timeout(params.timeout)
        return PolicyVerdict(allowed=refused is None, fault=refused, timeout=timeout, excluded=excluded)
