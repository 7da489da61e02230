"""`check`: which providers can be used, and what the others lack."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from muxwire.faults import Fault
from muxwire.insight import Check as Report
from muxwire.insight import CheckParams

from modelmuxd.adapters.base import Adapter
from modelmuxd.edge.calls import Call
from modelmuxd.engine.check import Prober, report
from modelmuxd.engine.task_settings import SettingsSource


class Check:
    """Asks the caller for the providers' variables: some say where a login lies (CODEX_HOME …). None is kept."""

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
        names = sorted({name for adapter in self._adapters.values() for name in adapter.env_names})
        env = {**params.env, **await call.need(names)}
        probe = await self._prober.check(env, refresh=params.refresh)
        loaded = await self._settings.read(params.workdir or None)
        notices = (*self._notices(), *loaded.faults, *loaded.warnings)
        return report(probe, self._adapters, loaded.settings, version=self._version, notices=notices)
