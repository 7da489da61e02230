"""What has ended: pages of it for a list, and sums."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from muxwire.history import HistoryEntry, HistoryParams, HistoryResult
from muxwire.runs import Cost

from modelmuxd.domain.bucket import Asked, Bucket, Counts, Dimension, Sum
from modelmuxd.domain.past import Past, Wanted
from modelmuxd.engine import sums, times
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.results import dollars, token_usage
from modelmuxd.store.interface import TaskStore

PAGE = 500
HOUR = 3600
_UNSUMMED = ("text", "source", "workdir")
"""Filters that the kept sums know nothing of: with one of them every run is looked at."""


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

    async def pages(self, params: HistoryParams) -> AsyncIterator[tuple[HistoryEntry, ...]]:
        """All that is wanted, `limit` of them where it is not 0, a page in memory at a time."""
        async for page in self._pages(self.wanted(params), params.limit):
            yield tuple(map(entry, page))

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
        full = params.limit and len(page.runs) == params.limit
        return HistoryResult(
            count=len(page.runs),
            entries=tuple(map(entry, page.runs)),
            next=page.runs[-1].run_id if full else "",
            unsearched=page.unsearched,
        )

    async def _pages(self, wanted: Wanted, most: int) -> AsyncIterator[tuple[Past, ...]]:
        left = most
        while True:
            asked = min(PAGE, left) if most else PAGE
            runs = (await self._store.history(msgspec.structs.replace(wanted, limit=asked))).runs
            if runs:
                yield runs
            left -= len(runs)
            if len(runs) < asked or (most and not left):
                return
            wanted = msgspec.structs.replace(wanted, before=runs[-1].run_id)

    async def _sums(self, params: HistoryParams) -> list[Sum]:
        """By provider, status and kind, or for a trend by status; in whole hours where the kept sums have it."""
        wanted = self.wanted(params)
        if any(getattr(params, name) for name in _UNSUMMED):
            return [_sum(one) async for page in self._pages(wanted, 0) for one in page]
        only: dict[Dimension, tuple[str, ...]] = {}
        for name, said in (("provider", wanted.provider), ("status", wanted.status), ("kind", wanted.kind)):
            if said:
                only[name] = (said,)  # type: ignore[index]  # each is a dimension
        asked = Asked(
            since=None if wanted.since is None else int(wanted.since) // HOUR,
            until=None if wanted.until is None else -(-int(wanted.until) // HOUR),
            only=only,
            by=("status",) if params.trend else ("provider", "status", "kind"),
            each=params.trend,
        )
        return await self._store.sums(asked)


def entry(one: Past) -> HistoryEntry:
    """Pure."""
    source = f"cli-{one.source}" if one.kind == "cli" and one.source in ("dispatch", "broadcast") else one.source
    cost, plan = one.cost_micros, one.plan_micros
    by = one.priced_by or ("unknown" if cost is None else "provider")
    return HistoryEntry(
        ts=one.ended_at,
        run_id=one.run_id,
        source=source,
        provider=one.provider or one.asked,
        status=one.state,
        task=one.task,
        summary=one.summary,
        output=one.output,
        session_id=one.session_id,
        duration_seconds=round(_seconds(one), 3),
        token_usage=token_usage(one.usage),
        cost=Cost(dollars(cost), by, dollars(plan)),
        error=one.fault,
        model=one.model,
        routed_from="auto" if one.asked == "auto" else None,
        caller_excluded=one.caller_excluded or None,
        failover_from=one.failover_from or None,
        profile=one.profile,
        sandbox=one.sandbox,
        workdir=one.workdir,
        origin=one.kind,
        caller=one.caller,
        output_size=one.output_size or None,
        output_cleaned=one.cleaned,
        part_of=one.part_of,
        step=one.step,
    )


def _seconds(one: Past) -> float:
    return 0.0 if one.started_at is None else max(0.0, one.ended_at - one.started_at)


def _sum(one: Past) -> Sum:
    """One run, as the kept sums would have counted it."""
    used = one.usage
    tokens = (
        {name: getattr(used, name) for name in ("input", "cached", "cache_write", "output", "reasoning")}
        if used
        else {}
    )
    counts = Counts(
        runs=1,
        calls=1,
        cost_micros=one.cost_micros or 0,
        plan_micros=one.plan_micros or 0,
        unpriced=int(one.cost_micros is None and used is not None),
        told=int(used is not None),
        ms=round(_seconds(one) * 1000),
        **tokens,
    )
    named = one.provider or (one.source if one.source != "dispatch" else one.asked)
    return Sum(
        of=Bucket(hour=int(one.ended_at) // HOUR, provider=named, kind=one.kind, status=one.state), counts=counts
    )
