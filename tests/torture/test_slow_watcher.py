"""A watcher that stops reading while a run says ten thousand things: no memory grows, and it misses none of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from muxclients.link.aio import connect
from muxwire.detail import ShowParams
from muxwire.methods import SHOW, WATCH
from muxwire.runs import WatchParams
from muxwire.version import VERSION
from torture.world import until, world

pytestmark = [pytest.mark.anyio, pytest.mark.torture, pytest.mark.timeout(120)]

EVENTS = 10_000
GROWTH = 32 * 2**20
RAN = '{"id":"N","type":"command_execution","command":"TEXT","aggregated_output":"","exit_code":0,"status":"completed"}'
TALKER = f"""i=0; while [ $i -lt {EVENTS} ]; do i=$((i + 1))
echo '{{"type":"item.completed","item":{RAN.replace("TEXT", "x" * 500)}}}'
done"""


async def test_it_goes_on_where_it_stopped() -> None:
    with world(pause=f'while [ ! -e "$HOME/go" ]; do sleep 0.05; done; {TALKER}') as here:
        here.insist("talker", "--timeout", "100")
        (daemon,), (run,) = here.daemons(), here.accepted.values()
        socket = f"{here.folder}/mux/run/mux.sock"
        async with (
            connect(socket, "slow", version=VERSION) as slow,
            connect(socket, "quick", version=VERSION) as quick,
            slow.stream(WATCH, WatchParams(run, follow=True)) as stream,
        ):
            seen = [(await anext(aiter(stream))).seq]
            before = daemon.memory_info().rss
            Path(here.home, "go").touch()
            until(lambda: here.rows("SELECT ended_at FROM tasks")[0][0] is not None, "the end of the run")
            grown = daemon.memory_info().rss - before
            shown = await quick.call(SHOW, ShowParams(run))
            assert shown.result.status == "success"
            seen += [event.seq async for event in stream]
        print(f"slow watcher: {len(seen)} events, the daemon grew by {grown / 2**20:.1f} MiB")
        assert len(seen) > EVENTS
        assert seen == list(range(1, len(seen) + 1))
        assert grown < GROWTH
        here.check_record()
