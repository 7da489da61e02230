"""What has ended: pages of it for a list, and sums."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from muxwire.history import HistoryEntry, HistoryParams, HistoryResult

from modelmuxd.domain.bucket import Asked, Dimension, Sum
from modelmuxd.domain.past import Page, Wanted
from modelmuxd.engine import sums, times
from modelmuxd.engine.clock import Clock
from modelmuxd.store.interface import TaskStore

HOUR = 3600
_UNSUMMED = ("text", "source", "workdir")
"""Filters that the kept sums know nothing of: with one of them every run is looked at."""

ENTRIES = msgspec.json.Decoder(HistoryEntry)
"""Of a page's lines."""


class History:
    def __init__(self, store: TaskStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def ask(self, params: HistoryParams) -> HistoryResult:
        """Raises FaultError for a time that is none, and for a page after a run that is not there."""
        if params.trend:
            return HistoryResult(trend=sums.trend(await self._sums(params), params.trend))
        if params.stats:
            return sums.stats(await self._sums(params), costs=params.costs)
        found = await self._list(params)
        if not params.costs:
            return found
        return msgspec.structs.replace(found, costs=sums.costs_of(await self._sums(params)))

    def pages(self, params: HistoryParams) -> AsyncIterator[Page]:
        """All that is wanted, `limit` of them where it is not 0. Raises FaultError for a time that is none."""
        return self._store.history_pages(self.wanted(params))

    def wanted(self, params: HistoryParams) -> Wanted:
        """Raises FaultError(USAGE) for a time that is none."""
        now = self._clock.now()
        since = times.moment(params.since, now) if params.since else None
        if params.hours:
            since = max(since or 0.0, now - params.hours * HOUR)
        return Wanted(
            limit=params.limit,
            before=params.before,
            provider=params.provider,
            status=params.status,
            since=since,
            until=times.moment(params.until, now) if params.until else None,
            source=params.source,
            kind=params.origin,
            workdir=params.workdir,
            text=params.text.strip(),
        )

    async def _list(self, params: HistoryParams) -> HistoryResult:
        wanted = self.wanted(params)
        if wanted.before:
            wanted = msgspec.structs.replace(wanted, before=(await self._store.find(wanted.before)).new.run_id)
        page = await self._store.history(wanted)
        full = params.limit and page.count == params.limit
        return HistoryResult(
            count=page.count,
            entries=tuple(ENTRIES.decode_lines(page.lines)),
            next=page.last if full else "",
            unsearched=page.unsearched,
        )

    async def _sums(self, params: HistoryParams) -> list[Sum]:
        """By provider, status and kind, or for a trend by status; in whole hours where the kept sums have it."""
        wanted = self.wanted(params)
        by: tuple[Dimension, ...] = ("status",) if params.trend else ("provider", "status", "kind")
        if any(getattr(params, name) for name in _UNSUMMED):
            return await self._store.tally(wanted, Asked(by=by, each=params.trend))
        only: dict[Dimension, tuple[str, ...]] = {}
        for name, said in (("provider", wanted.provider), ("status", wanted.status), ("kind", wanted.kind)):
            if said:
                only[name] = (said,)  # type: ignore[index]  # each is a dimension
        asked = Asked(
            since=None if wanted.since is None else int(wanted.since) // HOUR,
            until=None if wanted.until is None else -(-int(wanted.until) // HOUR),
            only=only,
            by=by,
            each=params.trend,
        )
        return await self._store.sums(asked)
