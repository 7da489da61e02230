"""`check`: which providers can be used, and what the others lack."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from muxwire.faults import Fault
from muxwire.insight import Check as Report
from muxwire.insight import CheckParams

from modelmuxd.adapters.base import Adapter
from modelmuxd.edge.calls import Call
from modelmuxd.engine.check import Probe, Prober, report
from modelmuxd.engine.environment import names_needed
from modelmuxd.engine.located import under_profile
from modelmuxd.engine.plan import TaskSettings
from modelmuxd.engine.task_settings import SettingsSource, resolve


class Check:
    """Asks the caller for the providers' variables: some say where a login lies. None is kept."""

    def __init__(
        self,
        *,
        prober: Prober,
        adapters: Mapping[str, Adapter],
        settings: SettingsSource,
        notices: Callable[[], tuple[Fault, ...]],
        version: str,
    ) -> None:
        self._prober = prober
        self._adapters = adapters
        self._settings = settings
        self._notices = notices
        self._version = version

    async def __call__(self, params: CheckParams, call: Call) -> Report:
        loaded = await self._settings.read(params.workdir or None)
        settings = TaskSettings() if loaded.faults else resolve(loaded.settings, "")
        env = {**params.env, **await call.need(await self._names(params.env, settings))}
        probe = await self._prober.check(env, refresh=params.refresh)
        names = frozenset(env)
        located = {
            name: under_profile(found, self._adapters[name], settings.of(name), names)
            for name, found in probe.located.items()
        }
        return report(
            Probe(located, probe.age_seconds),
            self._adapters,
            loaded.settings,
            version=self._version,
            notices=(*self._notices(), *loaded.faults, *loaded.warnings),
        )

    async def _names(self, env: Mapping[str, str], settings: TaskSettings) -> list[str]:
        """Variables that decide who is logged in, those that a CLI's own settings name among them."""
        probe = await self._prober.check(env)
        names: set[str] = set()
        for name, adapter in self._adapters.items():
            names |= names_needed(adapter, probe.located[name].login, settings.of(name))
        return sorted(names)
