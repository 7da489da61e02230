"""Who asks: what the connection proves counts, not what the caller says of itself."""

from __future__ import annotations

from muxwire.runs import Origin

from modelmuxd.edge.calls import Call
from modelmuxd.engine.runs import Runs


async def origin_of(runs: Runs, call: Call, *, workdir: str = "") -> Origin:
    """The caller's role, user and, where an agent of ours asks, the run that it works for."""
    return Origin(
        kind=call.hello.role,
        principal=str(call.peer.uid),
        workdir=workdir,
        parent=await runs.parent(call.peer.pid),
    )
