"""`audit`: every decision, with who had asked."""

from __future__ import annotations

from muxwire.audit import AuditPage, AuditParams, AuditResult

from modelmuxd.edge.calls import Call
from modelmuxd.engine.audit import Audit as Engine


class Audit:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, params: AuditParams, call: Call) -> AuditResult:
        count = 0
        async for lines in self._engine.pages(params):
            await call.event(AuditPage(lines))
            count += len(lines)
        return AuditResult(count)
