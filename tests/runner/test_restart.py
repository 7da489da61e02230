"""The daemon is killed; its agents are not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from modelmuxd.domain.invocation import Exit, Invocation
from modelmuxd.runner import guard, identity, spool, tree
from modelmuxd.runner.agents import Agents
from runner_world import (
    ENV,
    MODES,
    alive,
    can,
    carriers,
    daemon,
    family,
    launch_of,
    murder,
    nine,
    read_all,
    sh,
    until,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    if not can(request.param):
        pytest.skip("no cgroup to be had here")
    return str(request.param)


@pytest.fixture
def marker(tmp_path: Path) -> Iterator[str]:
    """And nobody who carries it survives the test."""
    marker = f"restart-{os.getpid()}-{tmp_path.name}"
    yield marker
    for who in tree.find(marker, None):
        identity.send(who, signal.SIGKILL)


async def test_a_running_agent_is_followed_to_its_end(mode: str, tmp_path: Path, marker: str) -> None:
    script = f"echo one; until [ -e {tmp_path}/go ]; do sleep 0.01; done; cat; echo two; exit 3"
    murder(daemon(tmp_path / "a", sh(script), mode=mode, marker=marker))
    async with Agents.open(tree=mode) as agents:  # type: ignore[arg-type]
        process = await agents.reopen(tmp_path / "a", marker)
        assert process is not None
        got = []
        async for piece in process.output():
            got.append(piece)
            (tmp_path / "go").touch()
        assert b"".join(got) == b"one\ntwo\n"
        assert await process.ended() == Exit(code=3)
        assert await process.sweep() == 0
        again = await agents.reopen(tmp_path / "a", marker)
        assert again is not None
        assert await read_all(again, 4) == b"two\n"
        assert await again.ended() == Exit(code=3)


async def test_a_running_agent_can_be_stopped(mode: str, tmp_path: Path, marker: str) -> None:
    murder(daemon(tmp_path / "a", nine(tmp_path / "pids"), mode=mode, marker=marker))
    await until(lambda: (tmp_path / "pids" / "main").exists())
    async with Agents.open() as agents:
        process = await agents.reopen(tmp_path / "a", marker)
        assert process is not None
        await process.stop("TERM", 10)
        assert await process.ended() == Exit(code=143)
        assert [pid for pid in family(tmp_path / "pids") if alive(pid)] == []


async def test_an_agent_that_ended_meanwhile_is_collected(mode: str, tmp_path: Path, marker: str) -> None:
    process = daemon(tmp_path / "a", nine(tmp_path / "pids", "leave"), mode=mode, marker=marker)
    murder(process)
    await until(lambda: spool.read(tmp_path / "a").code is not None)
    async with Agents.open() as agents:
        found = await agents.reopen(tmp_path / "a", marker)
        assert found is not None
        assert await read_all(found) == b""
        assert await found.ended() == Exit(code=0)
        assert await found.sweep() == 8
    assert [pid for pid in family(tmp_path / "pids") if alive(pid)] == []


async def test_the_guard_keeps_the_deadline_when_the_daemon_is_gone(mode: str, tmp_path: Path, marker: str) -> None:
    murder(daemon(tmp_path / "a", nine(tmp_path / "pids"), mode=mode, deadline=0.5, marker=marker))
    await until(lambda: (tmp_path / "pids" / "main").exists() and not any(map(alive, family(tmp_path / "pids"))))
    async with Agents.open() as agents:
        found = await agents.reopen(tmp_path / "a", marker)
        assert found is not None
        assert await found.ended() == Exit(code=143, timed_out=True)
    await until(lambda: not carriers(marker))


async def test_the_deadline_is_ours_while_the_daemon_lives(mode: str, tmp_path: Path, marker: str) -> None:
    async with Agents.open(tree=mode) as agents:  # type: ignore[arg-type]
        process = await agents.launch(launch_of(tmp_path / "a", sh("sleep 1.6; exit 4"), deadline=0.1, marker=marker))
        assert await process.ended() == Exit(code=4)


async def test_no_watcher_outlives_its_agent(mode: str, tmp_path: Path, marker: str) -> None:
    """Neither before nor after the daemon's death, with the deadline far away."""
    script = f"until [ -e {tmp_path}/go ]; do sleep 0.01; done"
    murder(daemon(tmp_path / "a", sh(script), mode=mode, deadline=1000, marker=marker))
    await until(lambda: any("sleep" in name for name in names(marker)))
    (tmp_path / "go").touch()
    await until(lambda: not carriers(marker))
    assert spool.read(tmp_path / "a").code == 0


async def test_an_attempt_that_never_claimed_cannot_start_any_more(tmp_path: Path, marker: str) -> None:
    folder = tmp_path / "a"
    invocation = Invocation(argv=("/bin/touch", f"{tmp_path}/started"))
    spool.create(folder, invocation)
    async with Agents.open() as agents:
        assert await agents.reopen(folder, marker) is None
        slow = guard.Guard(
            folder=folder, marker=marker, argv=invocation.argv, workdir="/", env=ENV, deadline=60, umask=0o22
        )
        alive_end, held = os.pipe()
        pid = guard.spawn(slow, alive_end)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == guard.CLAIMED  # noqa: ASYNC222
        os.close(alive_end)
        os.close(held)
        assert not (tmp_path / "started").exists()
        assert await agents.reopen(folder, marker) is None  # the next daemon thinks so too
        assert await agents.reopen(tmp_path / "nothing here", marker) is None


async def test_a_reused_pid_is_nobody_of_ours(tmp_path: Path, marker: str) -> None:
    """A status file that names our own pid with other ticks, and one of another boot: both have vanished."""
    for name, ticks, boot in [("a", 1, identity.boot_id()), ("b", identity.of(os.getpid()).ticks, "another boot")]:
        folder = tmp_path / name
        spool.create(folder, Invocation(argv=("x",)))
        (folder / "claim").touch()
        line = f"{os.getpid()} (d (a) sh) S " + "0 " * 18 + f"{ticks} 0\n"
        (folder / "who").write_bytes(line.encode().ljust(spool.HEAD, b"\n") + f"{boot}\n\n".encode())
        async with Agents.open() as agents:
            process = await agents.reopen(folder, marker)
            assert process is not None
            with anyio.fail_after(5):
                assert await process.ended() == Exit(code=None)
                assert await process.sweep() == 0
                await process.stop("TERM", 1)


async def test_a_guard_that_died_before_its_first_word_has_vanished(tmp_path: Path, marker: str) -> None:
    spool.create(tmp_path / "a", Invocation(argv=("x",)))
    (tmp_path / "a" / "claim").touch()
    async with Agents.open() as agents:
        process = await agents.reopen(tmp_path / "a", marker)
        assert process is not None
        assert await process.ended() == Exit(code=None)


def names(marker: str) -> list[str]:
    """The command lines of the watcher's own helpers: those with the long piece of the deadline's wait."""
    lines = []
    for pid in carriers(marker):
        try:
            lines.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return [line for line in lines if line.startswith("sleep 30")]
