"""Which providers can be used, for whom: probed without starting anything, remembered until something changed.

An answer belongs to a caller's PATH, HOME and the names of the variables he has; it is kept under a hash of these, in
memory and on disk. No value of a variable is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2s

import anyio
import msgspec
from anyio import to_thread
from muxwire.faults import CONFIG, Fault
from muxwire.insight import NOBODY, Caller, Check, ProviderCheck
from muxwire.settings import Settings

from modelmuxd.adapters.base import Adapter
from modelmuxd.engine.check_cache import read_cache, write_cache
from modelmuxd.engine.located import Entry, Located, examine, folder_names
from modelmuxd.engine.served import with_server

__all__ = ["Located", "Probe", "Prober", "report"]

MAX_KEPT = 128
"""Answers in memory and on disk; the oldest go first."""


class Probe(msgspec.Struct, frozen=True):
    """What was found for one caller, by provider."""

    located: dict[str, Located]
    age_seconds: float
    """Of the oldest answer. All were compared with the disk just now."""


class Prober:
    """Owns the cache. `version` is ours: what another version wrote is not used."""

    def __init__(
        self,
        adapters: Mapping[str, Adapter],
        cache: str,
        *,
        version: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._adapters = adapters
        self._cache = cache
        self._version = version
        self._now = now
        self._known: dict[str, Entry] | None = None
        self._unsaved = False
        self._writing = anyio.Lock()

    async def check(
        self,
        env: Mapping[str, str],
        names: frozenset[str] = frozenset(),
        *,
        refresh: bool = False,
        adapters: Mapping[str, Adapter] | None = None,
    ) -> Probe:
        """Every provider, for a caller with this environment.

        `env` holds PATH, HOME and the folders that login files may lie in (CODEX_HOME …); `names` are variables that
        the caller has besides. `refresh` looks again even where nothing seems to have changed. `adapters`: these, not
        just the built-in ones.
        """
        asked = self._adapters if adapters is None else adapters
        entries, located = await self._look(tuple(asked.values()), env, names, refresh=refresh)
        await self._save()
        now = self._now()
        age = now - min((entry.at for entry in entries), default=now)
        return Probe(dict(zip(asked, located, strict=True)), max(age, 0.0))

    async def locate(self, adapter: Adapter, env: Mapping[str, str], names: frozenset[str] = frozenset()) -> Located:
        """One provider; cheap enough to ask before every attempt."""
        _, (located,) = await self._look((adapter,), env, names, refresh=False)
        return located

    async def _look(
        self, adapters: Sequence[Adapter], env: Mapping[str, str], names: frozenset[str], *, refresh: bool
    ) -> tuple[list[Entry], list[Located]]:
        """What is known of each, looked at anew where it has changed; and the same with what its server says now. In
        one visit to a thread: to go there and back takes longer than to look."""
        if self._known is None:
            self._known = await to_thread.run_sync(read_cache, self._cache, self._version)
        keys = [identity(adapter, env, names) for adapter in adapters]
        known = [None if refresh else self._known.get(key) for key in keys]
        now = self._now()

        def look() -> tuple[list[Entry], list[Located]]:
            entries = [examine(one, env, names, old, now) for one, old in zip(adapters, known, strict=True)]
            pairs = zip(adapters, (entry.located for entry in entries), strict=True)
            return entries, [with_server(found, one, env) for one, found in pairs]

        entries, located = await to_thread.run_sync(look)
        for key, entry, old in zip(keys, entries, known, strict=True):
            self._keep(key, entry, fresh=entry is not old)
        return entries, located

    def _keep(self, key: str, entry: Entry, *, fresh: bool) -> None:
        """Runs on the loop only: nothing else touches the two fields."""
        known = self._known = self._known or {}
        known.pop(key, None)
        known[key] = entry  # the last one used stands last
        while len(known) > MAX_KEPT:
            del known[next(iter(known))]
        self._unsaved |= fresh

    async def _save(self) -> None:
        """One at a time, whole; a save that is cancelled leaves the file as it was or as it is to be."""
        async with self._writing:
            if self._unsaved:
                self._unsaved = False
                await to_thread.run_sync(write_cache, self._cache, self._version, dict(self._known or {}))


def identity(adapter: Adapter, env: Mapping[str, str], names: frozenset[str]) -> str:
    """A hash of all that the answer for a caller depends on, besides the disk."""
    parts = [
        adapter.name,
        env.get("PATH", ""),
        env.get("HOME", ""),
        sorted(names | {name for name, value in env.items() if value}),  # a CLI's own settings may name any of them
        [env.get(name, "") for name in folder_names(adapter)],
    ]
    return blake2s(msgspec.json.encode(parts), digest_size=16).hexdigest()


def report(
    probe: Probe,
    adapters: Mapping[str, Adapter],
    settings: Settings,
    *,
    version: str,
    notices: tuple[Fault, ...] = (),
    caller: Caller = NOBODY,
) -> Check:
    """The answer to `muxctl check`. Pure."""
    providers = {
        name: _provider(adapters[name], found, disabled=name in settings.disabled_providers)
        for name, found in probe.located.items()
    }
    return Check(
        version=version,
        providers=providers,
        available_count=sum(provider.available for provider in providers.values()),
        active_profile=settings.active_profile,
        profiles=tuple(settings.profiles),
        routing_rules=len(settings.routing.rules),
        age_seconds=round(probe.age_seconds, 3),
        notices=notices,
        caller=caller if caller.provider else None,
    )


def _provider(adapter: Adapter, found: Located, *, disabled: bool) -> ProviderCheck:
    fault = found.fault
    if disabled and fault is None:
        text = f"{adapter.title} is disabled in the settings."
        hint = "Take it out of disabled_providers; `muxctl config show --origins` tells where."
        fault = Fault(CONFIG, text, hint, provider=adapter.name)
    return ProviderCheck(
        available=fault is None,
        binary=adapter.program,
        path=found.found,
        version=found.version,
        version_tested=adapter.package.tested,
        login=found.login.state,
        login_how=found.login.how,
        fault=fault,
    )
