"""What is a person's to decide: an agent could undo by it what bounds it."""

from __future__ import annotations

from muxwire.faults import POLICY, refuse

from modelmuxd.edge.calls import Call
from modelmuxd.engine.runs import Runs


async def refuse_agents(runs: Runs, call: Call) -> None:
    """Raises FaultError(POLICY) for a caller that an agent of ours has started."""
    if run := await runs.parent(call.peer.pid):
        text = f"{call.method} is for people, and it is the agent of {run} that asks."
        raise refuse(POLICY, text, "Ask your user to do it.")
