"""The accounts as they stand for everybody: cooldowns, circuits, pauses. The store has them; this is its image."""

from __future__ import annotations

from modelmuxd.domain.account import Account, Pause
from modelmuxd.domain.decision import Candidate, Held
from modelmuxd.engine.health import waiting_for
from modelmuxd.engine.times import at
from modelmuxd.store.interface import TaskStore


class Accounts:
    """Read again after each write that may change it; the claim checks once more."""

    def __init__(self, store: TaskStore) -> None:
        self._store = store
        self.known: dict[str, Account] = {}
        self.pauses: dict[str, Pause] = {}

    async def read(self) -> None:
        self.known = {one.account: one for one in await self._store.accounts()}
        self.pauses = {one.provider: one for one in await self._store.pauses()}

    def paused(self, provider: str = "") -> Held | None:
        """Whether somebody has paused this provider, or (empty) the whole queue."""
        pause = self.pauses.get(provider)
        if pause is None:
            return None
        what = provider or "the queue"
        return Held(reason="paused", text=f"paused: {what}, by {pause.by}; `{resume(provider)}` goes on")

    def held(self, candidate: Candidate, run_id: str, now: float) -> Held | None:
        """Whether nobody may ask this account now."""
        if paused := self.paused(candidate.provider):
            return paused
        known = self.known.get(candidate.account)
        if known is None:
            return None
        return _cooling(known, now) or _circuit(known, run_id, now)

    def usable_from(self, account: str, now: float) -> float:
        """Unix time from which it may be asked, as far as is known; past when it may now."""
        known = self.known.get(account)
        if known is None:
            return 0.0
        return max(known.cooldown_until or 0.0, known.opens_until or 0.0)


def key(account: str) -> str:
    """What runs wait for while an account cools down or is probed."""
    return f"account:{account}"


def resume(provider: str) -> str:
    return f"muxctl queue resume {'-p ' + provider if provider else ''}".strip()


def _cooling(known: Account, now: float) -> Held | None:
    until = known.cooldown_until
    if until is None or until <= now:
        return None
    word = waiting_for(known.cooldown_kind)
    text = f"{word} until {at(until, now)}: {known.account}"
    return Held(reason=word, text=text, until=until, on=(key(known.account),))


def _circuit(known: Account, run_id: str, now: float) -> Held | None:
    failing = f"{known.account} failed {known.failures} times in a row"
    match known.circuit(now):
        case "open":
            assert known.opens_until is not None
            text = f"cooldown until {at(known.opens_until, now)}: {failing}"
            return Held(reason="cooldown", text=text, until=known.opens_until, on=(key(known.account),))
        case "half-open" if known.probing not in ("", run_id):
            text = f"cooldown: {failing}; {known.probing} tries it now"
            return Held(reason="cooldown", text=text, on=(key(known.account),))
        case _:
            return None
