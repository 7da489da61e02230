"""`diff`, `apply`, `discard` and `trust`: what a run has changed in its worktree, and what a project may say.

A person's to decide: an agent could apply to his checkout what it may not write there, or trust what it has written.
"""

from __future__ import annotations

from muxwire.faults import USAGE, refuse
from muxwire.runs import RunRef
from muxwire.trust import Trusted, TrustParams
from muxwire.worktree import Applied, Patch

from modelmuxd.edge.calls import Call
from modelmuxd.edge.people import refuse_agents
from modelmuxd.engine.runs import Runs
from modelmuxd.engine.trust import Trust
from modelmuxd.engine.worktrees import Worktrees


class Worktree:
    def __init__(self, runs: Runs, worktrees: Worktrees, trust: Trust) -> None:
        self._runs = runs
        self._worktrees = worktrees
        self._trust = trust

    async def diff(self, params: RunRef, call: Call) -> Patch:
        return await self._worktrees.patch(await self._runs.find(params.run_id))

    async def apply(self, params: RunRef, call: Call) -> Applied:
        await refuse_agents(self._runs, call)
        return await self._worktrees.apply(await self._runs.find(params.run_id))

    async def discard(self, params: RunRef, call: Call) -> Applied:
        await refuse_agents(self._runs, call)
        return await self._worktrees.discard(await self._runs.find(params.run_id))

    async def trust(self, params: TrustParams, call: Call) -> Trusted:
        if params.action == "list":
            return await self._trust.list()
        await refuse_agents(self._runs, call)
        if not params.folder.startswith("/"):
            raise refuse(USAGE, f"The folder {params.folder!r} is not absolute.", "Clients send absolute folders.")
        act = self._trust.add if params.action == "add" else self._trust.remove
        return await act(params.folder)
