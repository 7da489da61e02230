"""The audit in pages, as much of it as is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from muxwire.audit import AuditLine, AuditParams

from modelmuxd.domain.audit import AuditEntry, AuditWanted
from modelmuxd.engine import times
from modelmuxd.engine.clock import Clock
from modelmuxd.store.interface import TaskStore

PAGE = 100


class Audit:
    def __init__(self, store: TaskStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def pages(self, asked: AuditParams) -> AsyncIterator[tuple[AuditLine, ...]]:
        """Raises FaultError for a run that is not there, and for a time that is none."""
        run_id = (await self._store.find(asked.run_id)).new.run_id if asked.run_id else ""
        since = times.moment(asked.since, self._clock.now()) if asked.since else 0.0
        left = asked.limit
        wanted = AuditWanted(limit=PAGE, run_id=run_id, kind=asked.kind, since=since)
        while True:
            most = min(PAGE, left) if asked.limit else PAGE
            page = await self._store.audit(msgspec.structs.replace(wanted, limit=most))
            if page:
                yield tuple(map(_line, page))
            left -= len(page)
            if len(page) < PAGE or (asked.limit and left <= 0):
                return
            wanted = msgspec.structs.replace(wanted, before=page[-1].place)


def _line(one: AuditEntry) -> AuditLine:
    return AuditLine(**{name: getattr(one, name) for name in AuditLine.__struct_fields__})
