"""`check`: which providers can be used, and what the others lack."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from muxwire.faults import Fault
from muxwire.insight import Caller, CheckParams
from muxwire.insight import Check as Report
from muxwire.settings import Loaded

from modelmuxd.adapters.base import Adapter
from modelmuxd.edge.calls import Call
from modelmuxd.engine.callers import Callers
from modelmuxd.engine.check import Probe, Prober, report
from modelmuxd.engine.diagnose import Doctor
from modelmuxd.engine.environment import names_needed
from modelmuxd.engine.located import under_profile
from modelmuxd.engine.plan import TaskSettings
from modelmuxd.engine.runs import Runs
from modelmuxd.engine.task_settings import SettingsSource, resolve


class Check:
    """Asks the caller for the providers' variables: some say where a login lies. None is kept."""

    def __init__(
        self,
        *,
        prober: Prober,
        adapters: Mapping[str, Adapter],
        settings: SettingsSource,
        doctor: Doctor,
        callers: Callers,
        runs: Runs,
        notices: Callable[[], tuple[Fault, ...]],
        version: str,
    ) -> None:
        self._prober = prober
        self._adapters = adapters
        self._settings = settings
        self._doctor = doctor
        self._callers = callers
        self._runs = runs
        self._notices = notices
        self._version = version

    async def __call__(self, params: CheckParams, call: Call) -> Report:
        loaded = await self._settings.read(params.workdir or None)
        settings = _settings(loaded, self._adapters)
        adapters, env = settings.adapters, params.env
        probe = await self._prober.check(env, refresh=params.refresh, adapters=adapters)
        if supplied := await call.need(_names(probe, settings)):
            env = {**env, **supplied}
            probe = await self._prober.check(env, adapters=adapters)
        names = frozenset(env)
        located = {
            name: under_profile(found, adapters[name], settings.of(name), names)
            for name, found in probe.located.items()
        }
        found = report(
            Probe(located, probe.age_seconds),
            adapters,
            loaded.settings,
            version=self._version,
            notices=(*self._notices(), *loaded.faults, *loaded.warnings),
            caller=await self._caller(params, call, settings),
        )
        return await self._diagnosed(found, settings, env.get("PATH", "")) if params.diagnose else found

    async def _diagnosed(self, found: Report, settings: TaskSettings, path: str) -> Report:
        told = await self._doctor(settings, found.providers, path)
        replace = msgspec.structs.replace
        providers = {name: replace(one, diagnosis=told.get(name)) for name, one in found.providers.items()}
        return replace(found, providers=providers)

    async def _caller(self, params: CheckParams, call: Call, settings: TaskSettings) -> Caller:
        parent = await self._runs.parent(call.peer.pid)
        return await self._callers.among(settings, call.peer.pid, client=params.client, parent=parent)


def _names(probe: Probe, settings: TaskSettings) -> list[str]:
    """Variables that decide who is logged in, those that a CLI's own settings name among them."""
    names: set[str] = set()
    for name, adapter in settings.adapters.items():
        names |= names_needed(adapter, probe.located[name].login, settings.of(name))
    return sorted(names)


def _settings(loaded: Loaded, adapters: Mapping[str, Adapter]) -> TaskSettings:
    """Those in force; where they cannot be used, the built-in providers are looked at without them."""
    return TaskSettings(adapters=adapters) if loaded.faults else resolve(loaded.settings, "", adapters)
