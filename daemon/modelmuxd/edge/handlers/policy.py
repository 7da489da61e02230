"""`policy` and `policy_test`: what the policy says, what is used up, and what it would do."""

from __future__ import annotations

from muxwire.insight import Nothing
from muxwire.policy import PolicyReport, PolicyVerdict
from muxwire.runs import DispatchParams

from modelmuxd.edge.calls import Call
from modelmuxd.engine.governor import Governor
from modelmuxd.engine.runs import Runs


class Policy:
    def __init__(self, governor: Governor, runs: Runs) -> None:
        self._governor = governor
        self._runs = runs

    async def report(self, params: Nothing, call: Call) -> PolicyReport:
        return self._governor.report(await self._runs.started())

    async def test(self, params: DispatchParams, call: Call) -> PolicyVerdict:
        """Nothing is stored and nothing is counted."""
        return await self._runs.judge(params, await self._runs.parent(call.peer.pid))
