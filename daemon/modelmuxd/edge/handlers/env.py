"""`env`: what work without a terminal behind it runs with; names only, since values may be secrets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from muxwire.environ import is_base
from muxwire.insight import EnvParams, LoginEnv
from muxwire.runs import CallerEnv

from modelmuxd.edge.calls import Call


class Env:
    """`refresh` makes the next look ask the login shell again; `recheck` offers what waits for a variable once more."""

    def __init__(
        self, get: Callable[[], Awaitable[CallerEnv]], refresh: Callable[[], None], recheck: Callable[[], None]
    ) -> None:
        self._get = get
        self._refresh = refresh
        self._recheck = recheck

    async def __call__(self, params: EnvParams, call: Call) -> LoginEnv:
        if params.action == "refresh":
            self._refresh()
        known = (await self._get()).values
        if params.action == "refresh":
            self._recheck()
        stored = tuple(sorted(name for name in known if is_base(name)))
        asked = tuple(sorted(name for name in known if not is_base(name)))
        return LoginEnv(path=known.get("PATH", ""), base=stored, others=asked)
