"""Which variables the providers that a task may be given to need: to ask its caller for, and to hand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelmuxd.engine.environment import names_needed
from modelmuxd.engine.plan import Locate, SettingsFor, wanted


class Needs:
    def __init__(self, settings_for: SettingsFor, locate: Locate) -> None:
        self._settings_for = settings_for
        self._locate = locate

    async def __call__(
        self, env: Mapping[str, str], workdir: str, profile: str, words: Sequence[str], *, others: bool
    ) -> set[str]:
        """`words` name providers, `auto` among them; with `others`, of those too who may be asked in their place.

        Raises FaultError for a name that nobody has.
        """
        settings = await self._settings_for(workdir, profile)
        asked = [adapter for word in words for adapter in wanted(word, settings)]
        names: set[str] = set()
        for adapter in {one.name: one for one in [*asked, *(settings.unasked if others else ())]}.values():
            found = await self._locate(adapter, env, frozenset())
            names |= names_needed(adapter, found.login, settings.of(adapter.name))
        return names
