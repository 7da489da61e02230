"""What profiles.toml says for one task: its folder's file over the user's, and the profile it asks for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial

import msgspec
from anyio import to_thread
from muxwire.faults import CONFIG, Fault, FaultError, unknown_name
from muxwire.places import Places
from muxwire.settings import Loaded, Settings, load
from muxwire.settings.load import project_file
from muxwire.settings.model import BUILTINS, CustomProvider
from muxwire.settings.model import A2aAgent as SaidA2a
from muxwire.settings.model import AcpAgent as Said

from modelmuxd.adapters.a2a import A2aAgent
from modelmuxd.adapters.acp import AcpAgent
from modelmuxd.adapters.base import HOSTED, Adapter
from modelmuxd.adapters.openai_compatible import OpenAICompatible
from modelmuxd.adapters.own_command import OwnCommand
from modelmuxd.domain.request import ProviderSettings
from modelmuxd.engine.look import Sight, sight
from modelmuxd.engine.plan import TaskSettings
from modelmuxd.engine.prices import own_price
from modelmuxd.routing.router import PREFER, Preferences
from modelmuxd.routing.rules import Rule


class SettingsSource:
    """Reads the files when one of them has changed, off the loop: an edit counts from the next dispatch on."""

    def __init__(self, places: Places, adapters: Mapping[str, Adapter]) -> None:
        self._places = places
        self._adapters = adapters
        self._last: tuple[str, list[Sight], Loaded] | None = None

    async def __call__(self, workdir: str, profile: str) -> TaskSettings:
        loaded = await self._recent(workdir)
        if loaded.faults:
            raise FaultError(broken(loaded.faults))
        return resolve(loaded.settings, profile, self._adapters)

    async def _recent(self, workdir: str) -> Loaded:
        """A dispatch asks when it is accepted, when it starts, and when its work is to be checked."""
        seen = [sight(path) for path in (self._places.profiles, project_file(workdir), self._places.trusted)]
        if self._last is None or self._last[:2] != (workdir, seen):
            self._last = (workdir, seen, await self.read(workdir))
        return self._last[2]

    async def read(self, workdir: str | None = None) -> Loaded:
        """Everything that is said, and all that is wrong with it; without a folder, the user's own file alone."""
        return await to_thread.run_sync(partial(load, self._places, workdir, providers=tuple(self._adapters)))


def broken(faults: tuple[Fault, ...]) -> Fault:
    """One fault for all that is wrong with the settings; there is one at least."""
    first, *others = faults
    more = f" ({len(others)} more)" if others else ""
    return Fault(
        code=CONFIG,
        message=f"The settings cannot be used. {first.message}{more}",
        hint=f"{first.hint} See `muxctl config check`.",
    )


def resolve(settings: Settings, profile: str, adapters: Mapping[str, Adapter]) -> TaskSettings:
    """Raises FaultError for a profile that does not exist; only the built-in name `default` may be undefined."""
    name = profile or settings.active_profile
    if name != "default" and name not in settings.profiles:
        raise unknown_name("profile", name, [*settings.profiles, "default"])
    chosen = settings.profiles.get(name)
    providers = chosen.providers if chosen else {}
    own = {key: _own(key, one) for key, one in settings.providers.items()}
    acp = {key: _acp(key, one) for key, one in settings.acp_agents.items()}
    a2a = {key: _a2a(key, one) for key, one in settings.a2a_agents.items()}
    every = {**adapters, **own, **acp, **a2a}
    return TaskSettings(
        adapters=every,
        own=frozenset(every).difference(BUILTINS),
        strict=settings.strict_sandbox,
        profile={key: msgspec.convert(msgspec.to_builtins(one), ProviderSettings) for key, one in providers.items()},
        budgets=settings.budgets,
        profile_name=name,
        preferences=Preferences(
            default_provider=settings.routing.default_provider,
            weights=PREFER[settings.routing.prefer],
            explore=settings.routing.explore,
            rules=tuple(
                Rule(
                    provider=rule.provider,
                    priority=rule.priority,
                    keywords=rule.match.keywords,
                    file_ext=rule.match.file_ext,
                    regex=rule.match.regex,
                )
                for rule in settings.routing.rules
            ),
        ),
        disabled=frozenset(settings.disabled_providers),
        caller_override=settings.caller_override,
        auto_exclude_caller=settings.auto_exclude_caller,
        copied=settings.worktree.copy,
        verify=settings.verify,
        notifications=settings.notifications,
        prices=tuple(own_price(model, said) for model, said in settings.prices.items()),
        patterns=settings.patterns,
        workflows=settings.workflows,
    )


def _a2a(name: str, said: SaidA2a) -> Adapter:
    return A2aAgent(name, said.url, token=said.token, pattern=said.pattern, program=HOSTED)


def _acp(name: str, said: Said) -> Adapter:
    return AcpAgent(name, said.command, said.args, python=sys.executable, env=said.env)


def _own(name: str, said: CustomProvider) -> Adapter:
    title = said.description or name
    if said.base_url:
        keys = (said.api_key_env,) if said.api_key_env else ()
        return OpenAICompatible(name, title=title, base_url=said.base_url, keys=keys, model=said.model)
    return OwnCommand(name, said.command, said.args, output=said.output, env=said.env, title=title)
