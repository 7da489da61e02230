"""Being woken when a file grows."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.runner.follow import Follower, Ticker, parse

pytestmark = pytest.mark.anyio

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")


@pytest.mark.parametrize("inotify", [True, False])
async def test_growth_wakes_every_watcher_of_that_file(tmp_path: Path, inotify: bool) -> None:
    (tmp_path / "a").touch()
    follower = Follower(Ticker(), inotify=inotify)
    with follower.watch(tmp_path / "a") as one, follower.watch(tmp_path / "a") as two:
        (tmp_path / "a").write_bytes(b"x")
        with anyio.fail_after(5):
            await one.wait()
            await two.wait()
    follower.close()


async def test_one_that_leaves_does_not_blind_the_other(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    follower = Follower(Ticker())
    with follower.watch(tmp_path / "a") as stays:
        with follower.watch(tmp_path / "a"):
            pass
        stays.clear()
        (tmp_path / "a").write_bytes(b"x")
        with anyio.fail_after(5):
            await stays.wait()
    follower.close()


async def test_all_share_one_instance(tmp_path: Path) -> None:
    follower = Follower(Ticker())
    before = len(os.listdir("/proc/self/fd"))
    for name in "abc":
        (tmp_path / name).touch()
    with follower.watch(tmp_path / "a"), follower.watch(tmp_path / "b"), follower.watch(tmp_path / "c"):
        assert len(os.listdir("/proc/self/fd")) == before + 1
    follower.close()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_lost_events_wake_everybody(tmp_path: Path) -> None:
    """More changes than the queue of the kernel holds, none of them read in between; the last file is quiet."""
    limit = int(QUEUE.read_text())
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    (tmp_path / "quiet").touch()
    follower = Follower(Ticker())
    with (
        follower.watch(tmp_path / "a") as a,
        follower.watch(tmp_path / "b") as b,
        follower.watch(tmp_path / "quiet") as quiet,
    ):
        one, two = (os.open(tmp_path / name, os.O_WRONLY) for name in "ab")
        for _ in range(limit // 2 + 10):  # by turns, since equal events in a row become one
            os.write(one, b"x")
            os.write(two, b"x")
        os.close(one)
        os.close(two)
        with anyio.fail_after(10):
            await a.wait()
            await b.wait()
            await quiet.wait()
    follower.close()


async def test_the_ticker_rests_when_nobody_waits() -> None:
    ticker = Ticker()
    ticked = anyio.Event()
    ticker.add("x", ticked.set)
    with anyio.fail_after(5):
        await ticked.wait()
    ticker.discard("x")
    assert ticker._timer is None


@given(st.lists(st.tuples(st.integers(-1, 2**31 - 1), st.sampled_from([0x2, 0x4000, 0x8000]), st.integers(0, 40))))
def test_events_are_parsed_whatever_names_they_carry(events: list[tuple[int, int, int]]) -> None:
    data = b"".join(struct.pack("iIII", wd, mask, 0, size) + bytes(size) for wd, mask, size in events)
    assert list(parse(data)) == [(wd, mask == 0x4000) for wd, mask, _ in events]
    list(parse(data[:-3]))
