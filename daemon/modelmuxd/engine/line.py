"""The queue at its user's word: what keeps runs waiting, and to pause and resume it."""

from __future__ import annotations

from collections.abc import Collection

from muxwire.faults import unknown_name
from muxwire.queue import AccountLine, PausedLine, QueueResult

from modelmuxd.domain.account import Account
from modelmuxd.engine.accounts import Accounts
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.hub import ANY, Hub
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.store.interface import TaskStore


class Line:
    """What `muxctl queue` asks for. A provider's name that is empty means all of them."""

    def __init__(
        self,
        *,
        store: TaskStore,
        scheduler: Scheduler,
        accounts: Accounts,
        providers: Collection[str],
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._accounts = accounts
        self._providers = providers
        self._hub = hub
        self._clock = clock

    async def pause(self, provider: str, by: str) -> QueueResult:
        """Start nothing new; what runs goes on. Raises FaultError for an unknown name."""
        self._check(provider)
        await self._store.pause(provider, by, self._clock.now())
        return await self._changed()

    async def resume(self, provider: str) -> QueueResult:
        """Go on, and ask accounts again that cool down or failed: the user knows better. Raises FaultError for an
        unknown name."""
        self._check(provider)
        for paused in [provider] if provider else ["", *self._accounts.pauses]:
            await self._store.resume(paused)
        await self._store.clear(provider)
        return await self._changed()

    def show(self) -> QueueResult:
        return QueueResult(
            paused=tuple(PausedLine(one.provider, one.by, one.since) for one in self._accounts.pauses.values()),
            accounts=self.accounts(),
            running=self._scheduler.running,
            waiting=self._scheduler.waiting,
        )

    def accounts(self) -> tuple[AccountLine, ...]:
        """Those that cool down, whose circuit is not closed, or on which attempts run."""
        now, slots = self._clock.now(), self._scheduler.slots
        seats = {seat.account: seat.provider for seat in slots.seats}
        known = {name: one for name, one in self._accounts.known.items() if _notable(one, now)}
        lines = []
        for name in sorted({*seats, *known}):
            one = known.get(name) or Account(account=name, provider=seats[name])
            cooling = (one.cooldown_until or 0.0) > now
            lines.append(
                AccountLine(
                    account=name,
                    provider=one.provider,
                    running=slots.taken(name),
                    slots=slots.limits.slots(one.provider),
                    cooldown_until=one.cooldown_until if cooling else None,
                    cooldown_kind=one.cooldown_kind if cooling else "",
                    cooldown_text=one.cooldown_text if cooling else "",
                    circuit=one.circuit(now),
                    opens_until=one.opens_until,
                )
            )
        return tuple(lines)

    def _check(self, provider: str) -> None:
        if provider and provider not in self._providers:
            raise unknown_name("provider", provider, self._providers)

    async def _changed(self) -> QueueResult:
        await self._accounts.read()
        self._scheduler.recheck("paused", "cooldown", "quota")
        self._hub.notify(ANY)
        return self.show()


def _notable(account: Account, now: float) -> bool:
    return (account.cooldown_until or 0.0) > now or account.circuit(now) != "closed"
