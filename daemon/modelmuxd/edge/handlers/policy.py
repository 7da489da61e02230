"""`policy` and `policy_test`: what the policy says, what is used up, and what it would do."""

from __future__ import annotations

from muxwire.insight import Nothing
from muxwire.policy import PolicyReport, PolicyVerdict
from muxwire.runs import DispatchParams

from modelmuxd.edge.calls import Call
from modelmuxd.engine.permits import Permits
from modelmuxd.engine.runs import Runs


class Policy:
    def __init__(self, permits: Permits, runs: Runs) -> None:
        self._permits = permits
        self._runs = runs

    async def report(self, params: Nothing, call: Call) -> PolicyReport:
        return await self._permits.report()

    async def test(self, params: DispatchParams, call: Call) -> PolicyVerdict:
        return await self._permits.judge(params, await self._runs.parent(call.peer.pid))
