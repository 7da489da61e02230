"""Makes `state-0.1.db`, the database as version 0.1 leaves it: `PYTHONPATH=tests python -m store.golden.make FILE`.

Frozen: run it for a new schema under a new name, never again for an old one.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import anyio
from modelmuxd.domain.usage import Usage
from modelmuxd.store.database import connect
from modelmuxd.store.records import Decided
from modelmuxd.store.tasks import open_store
from muxwire.events import AttemptEnded, Text
from muxwire.faults import Fault
from muxwire.runs import Origin
from store.builders import a_claim, a_task, an_end, run_id

LIMITED = Fault("rate_limit", "Too many requests.", "Wait a minute.", provider="codex", retry_after=60.0)
REFUSED = Fault("policy", "`full` is not allowed here.", "Ask for `write`.")


async def make(path: Path) -> None:
    async with open_store(path) as store:
        asked = a_task(1, origin=Origin("mcp", "uid:1000", "claude", "/src"), idempotency_key="k", payload_hash="h")
        await store.submit(asked)
        first = (await store.claim(a_claim(1, argv=("codex", "exec"), why="best"), 1010.0)).attempt
        assert first
        limited = AttemptEnded(at=1020.0, attempt=1, fault=LIMITED, decision="failover: rate limited")
        retry = an_end(first, attempt_state="rate_limit", state=None, fault=LIMITED, exit_code=1, events=(limited,))
        await store.settle(retry, 1020.0)
        second = (await store.claim(a_claim(1, provider="claude", account="claude:me", folder="1-2"), 1021.0)).attempt
        assert second
        await store.append(run_id(1), 2, store.epoch, [Text(at=1022.0, attempt=2, text="hello 雪")])
        used = Usage(input=10, cached=20, output=5, model="opus", rule="disjoint", raw='{"input":10}')
        done = an_end(second, usage=used, cost_micros=1500, output="hello 雪", session_id="s-1", failover_from="codex")
        await store.settle(done, 1030.0)
        await store.submit(a_task(2))
        await store.submit(a_task(3, workdir="/src"))
        await store.claim(a_claim(3), 1040.0)
        await store.submit(
            a_task(4, sandbox="full", blocked=REFUSED), [Decided(kind="refuse", text="blocked_sandboxes")]
        )


def shrink(path: Path) -> None:
    """Without the room that is kept for a full disk, which is most of a small file."""
    with closing(connect(path)) as db:
        db.execute("VACUUM")


if __name__ == "__main__":
    anyio.run(make, Path(sys.argv[1]))
    shrink(Path(sys.argv[1]))
